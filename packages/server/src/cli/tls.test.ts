import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readTlsFiles } from './tls.ts';

const dir = mkdtempSync(join(tmpdir(), 'everflame-tls-'));
afterAll(() => rmSync(dir, { recursive: true }));

const at = (name: string) => join(dir, name);

function certificate(name: string, ...more: string[]): void {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)];
  execFileSync('openssl', ['req', '-x509', ...curve, ...files, '-subj', '/CN=localhost', ...more], {
    stdio: 'ignore',
  });
}

it('says what is wrong with which file', () => {
  certificate('good', '-days', '2');
  certificate('other', '-days', '2');
  writeFileSync(at('nonsense'), 'nonsense');
  const tried = (cert: string, key: string) => () => readTlsFiles({ cert: at(cert), key: at(key) });
  expect(tried('good.crt', 'good.key')()).toMatchObject({ minVersion: 'TLSv1.2' });
  expect(tried('none', 'good.key')).toThrow(/tls\.cert: .*none cannot be read \(ENOENT/);
  expect(tried('good.crt', 'none')).toThrow(/tls\.key: .*none cannot be read \(ENOENT/);
  expect(tried('good.crt', '')).toThrow(/tls\.key: .* cannot be read \(EISDIR/);
  expect(tried('nonsense', 'good.key')).toThrow(/tls\.cert: .*nonsense holds no certificate in PEM/);
  expect(tried('good.crt', 'nonsense')).toThrow(/tls\.key: .*nonsense holds no private key/);
  expect(tried('good.key', 'good.key')).toThrow('holds no certificate in PEM');
  expect(tried('good.crt', 'good.crt')).toThrow('holds no private key');
  expect(tried('good.crt', 'other.key')).toThrow(
    /other\.key is not the key of the certificate in .*good\.crt/,
  );
});
