import { fileFault, openFile } from '../../state/file.ts';
import { Mark } from '../mark.tsx';

/** A file in place of what is stored. It is read in the browser and goes nowhere. */
export function OpenPage({ missing }: { missing?: string }) {
  return (
    <section class="panel" aria-labelledby="open-title">
      <Mark size={34} />
      <h1 id="open-title">{missing ? `${missing} is not open here` : 'Look at a profile of your own'}</h1>
      <p>
        {missing
          ? 'A file stays in the browser that opened it. Open it again to go on.'
          : 'pprof, folded stacks, or what nylas’ samplers answer; gzip or not. It is read in the browser and goes nowhere.'}
      </p>
      {fileFault.value && (
        <p class="open-fault" role="alert">
          {fileFault.value}
        </p>
      )}
      <label class="open-zone">
        Drop a file anywhere on the page, or
        <br />
        <span class="button button-strong">Choose a file</span>
        <input
          type="file"
          onChange={(event) => {
            const [file] = event.currentTarget.files ?? [];
            if (file) void openFile(file);
          }}
        />
      </label>
    </section>
  );
}
