/** Languages of the samplers in the field, by the name they push under (`spyName`). */
const LANGUAGES: Readonly<Record<string, string>> = {
  gospy: 'go',
  pyspy: 'python',
  'everflame-python': 'python',
  rbspy: 'ruby',
  javaspy: 'java',
  nodespy: 'javascript',
  'everflame-node': 'javascript',
  dotnetspy: 'dotnet',
  phpspy: 'php',
};

export function languageOf(spyName: string | undefined): string | undefined {
  return spyName !== undefined && Object.hasOwn(LANGUAGES, spyName) ? LANGUAGES[spyName] : undefined;
}
