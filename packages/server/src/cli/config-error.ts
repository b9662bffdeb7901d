/** The configuration is wrong: what, and how to mend it. Ends the command with exit code 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
