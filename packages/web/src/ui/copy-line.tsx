import { useSignal } from '@preact/signals';

/** A command with a button that copies it, where the browser allows (a page over plain HTTP may not). */
export function CopyLine({ text }: { text: string }) {
  const copied = useSignal(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    copied.value = true;
    setTimeout(() => (copied.value = false), 1500);
  };
  return (
    <div class="copy-line">
      <pre>
        <code>{text}</code>
      </pre>
      {'clipboard' in navigator && (
        <button type="button" class="button button-quiet" onClick={() => void copy()}>
          {copied.value ? 'Copied' : 'Copy'}
        </button>
      )}
    </div>
  );
}
