import { computed, effect, signal } from '@preact/signals';
import { view } from './view.ts';

export interface Look {
  readonly dark: boolean;
  readonly contrast: boolean;
}

function matches(query: string): { readonly value: boolean } {
  const media = matchMedia(query);
  const state = signal(media.matches);
  media.addEventListener('change', () => {
    state.value = media.matches;
  });
  return state;
}

const prefersDark = matches('(prefers-color-scheme: dark)');
const prefersContrast = matches('(prefers-contrast: more)');

/** What the link says, else what the system prefers. */
export const look = computed<Look>(() => {
  const { theme } = view.value;
  return {
    dark: theme === 'dark' || (theme !== 'light' && prefersDark.value),
    contrast: theme === 'contrast' || (theme === '' && prefersContrast.value),
  };
});

/** Keeps the document in step: the styles read its attributes. */
export function startTheme(): void {
  effect(() => {
    const { dark, contrast } = look.value;
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    document.documentElement.dataset.contrast = contrast ? 'more' : 'normal';
  });
}
