export function ensurePythonEnv(options?: { log?: (line: string) => void }): Promise<string>;
