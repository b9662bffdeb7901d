import { typeNames } from '../../format/profile-types.ts';
import { showAs, showRange, showService, showType } from '../../state/actions.ts';
import { typesOf } from '../../state/choice.ts';
import { question, services } from '../../state/data.ts';
import { PRESETS } from '../../state/range.ts';
import { parseSelector } from '../../state/selector.ts';
import { DEFAULT_VIEW, type ViewState } from '../../state/url.ts';
import { isPicture, navigate, view } from '../../state/view.ts';
import { VIEW_NAMES } from '../view-names.ts';
import type { Command } from './find-commands.ts';

/** All that can be done now, what people look for most first. */
export function commands(): Command[] {
  const { service } = parseSelector(view.value.query ?? '');
  const known = services.value.value ?? [];
  const goTo = (name: 'home' | 'fleet' | 'open') => () => {
    const { from, until, theme, tz } = view.peek();
    const change: ViewState = { ...DEFAULT_VIEW, from, until, theme, tz, view: name };
    navigate(change);
  };
  const types = question.value ? typesOf(known, service) : [];
  const names = typeNames(types);
  return [
    ...known.map((one) => ({ kind: 'Service', name: one.service, run: () => showService(one.service) })),
    { kind: 'Page', name: 'All services', run: goTo('home') },
    { kind: 'Page', name: 'Fleet: functions across all services', run: goTo('fleet') },
    { kind: 'Page', name: 'Open a file', run: goTo('open') },
    ...(isPicture.value
      ? VIEW_NAMES.map(({ view: one, name }) => ({ kind: 'View', name, run: () => showAs(one) }))
      : []),
    ...types.map((type, i) => ({ kind: 'Type', name: names[i], run: () => showType(type) })),
    ...PRESETS.map((preset) => ({
      kind: 'Range',
      name: preset.name,
      run: () => showRange({ from: preset.from, until: 'now' }),
    })),
    { kind: 'Looks', name: 'Light', run: () => navigate({ theme: 'light' }, 'replace') },
    { kind: 'Looks', name: 'Dark', run: () => navigate({ theme: 'dark' }, 'replace') },
    { kind: 'Looks', name: 'High contrast', run: () => navigate({ theme: 'contrast' }, 'replace') },
    { kind: 'Looks', name: 'As the system', run: () => navigate({ theme: '' }, 'replace') },
    { kind: 'Time zone', name: 'UTC', run: () => navigate({ tz: 'UTC' }, 'replace') },
    { kind: 'Time zone', name: 'The browser’s', run: () => navigate({ tz: '' }, 'replace') },
  ];
}
