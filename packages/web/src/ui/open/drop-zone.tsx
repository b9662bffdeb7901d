import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** A file can be dropped anywhere on the page. What reads it is fetched when one is. */
export function DropZone() {
  const over = useSignal(false);
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    const hasFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const listen = (name: 'dragover' | 'dragleave' | 'drop', act: (event: DragEvent) => void) =>
      document.addEventListener(name, (event) => hasFile(event) && act(event), { signal });
    listen('dragover', (event) => {
      event.preventDefault();
      over.value = true;
    });
    listen('dragleave', (event) => {
      if (event.relatedTarget === null) over.value = false;
    });
    listen('drop', (event) => {
      event.preventDefault();
      over.value = false;
      const [file] = event.dataTransfer?.files ?? [];
      if (file)
        void import('../../state/file.ts').then(({ openFile, startFiles }) => {
          startFiles();
          void openFile(file);
        });
    });
    return () => ending.abort();
  }, []);
  return over.value ? <div class="drop-hint">Drop it to look at it</div> : null;
}
