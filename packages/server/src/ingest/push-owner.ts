import type { Labels } from '@everflame/profile';
import { parseAppName } from './app-name.ts';
import { languageOf } from './spy-name.ts';
import { splitTypeSuffix, type TextType } from './type-suffix.ts';

/** Whose push it is, and what its name says of the type. */
export interface PushOwner {
  readonly service: string;
  readonly labels: Labels;
  readonly textType: TextType | undefined;
  readonly profileName: string | undefined;
}

/** @throws UserError `bad_name` */
export function ownerOf(name: string, spyName: string | undefined): PushOwner {
  const { service, labels, profileName } = parseAppName(name);
  const language = languageOf(spyName);
  return {
    ...splitTypeSuffix(service),
    labels: { ...(language !== undefined && { language }), ...labels },
    profileName,
  };
}
