import { FormatError, flameGraphOf, formatProfileType, kindOf, type Profile } from '@everflame/profile';
import { batch, effect, signal } from '@preact/signals';
import { layOut } from '../flame/layout.ts';
import { dropped, droppedTypes } from './data.ts';
import { readProfile } from './read-profile.ts';
import { DEFAULT_VIEW } from './url.ts';
import { navigate, view } from './view.ts';

/** The file as it was read: another of its types is another graph. Kept for as long as the page is open, and nowhere else. */
const opened = signal<{ readonly name: string; readonly profile: Profile } | undefined>(undefined);
export const fileFault = signal<string | undefined>(undefined);

/** Reads a file and shows it. What is wrong with it stands in `fileFault`. */
export async function openFile(file: File): Promise<void> {
  try {
    const profile = await readProfile(new Uint8Array(await file.arrayBuffer()));
    const { theme, tz } = view.peek();
    batch(() => {
      fileFault.value = undefined;
      opened.value = { name: file.name, profile };
      navigate({ ...DEFAULT_VIEW, theme, tz, file: file.name });
    });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    fileFault.value = `${file.name}: ${error.message}.`;
    navigate({ view: 'open', file: '' });
  }
}

let started = false;

/** Makes the graph of the type that the address names; from the first file on. */
export function startFiles(): void {
  if (started) return;
  started = true;
  effect(() => {
    const file = opened.value;
    const { type: wanted, file: shown } = view.value;
    if (!file || file.name !== shown) {
      dropped.value = undefined;
      return;
    }
    const { profile, name } = file;
    const types = profile.types.map(formatProfileType);
    const index = Math.max(0, wanted === undefined ? profile.defaultType : types.indexOf(wanted));
    const graph = flameGraphOf(profile, index);
    const from = Number(profile.startNanos / 1_000_000n);
    const length = Number(profile.durationNanos) / 1e6;
    droppedTypes.value = types;
    dropped.value = {
      name,
      graph,
      layout: layOut(graph),
      answer: {
        query: '',
        type: types[index],
        unit: profile.types[index].sampleUnit,
        kind: kindOf(profile.types[index]),
        from,
        until: from + length,
        profiles: 1,
        seconds: length / 1000,
        total: graph.total[0],
        notes: [],
      },
    };
  });
}
