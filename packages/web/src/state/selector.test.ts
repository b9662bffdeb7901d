import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSelector, parseSelector, splitMatchers, withLabel, withoutLabel } from './selector.ts';

describe('selector', () => {
  it.each([
    ['shop', 'shop', ''],
    ['', '', ''],
    ['shop{host="a"}', 'shop', 'host="a"'],
    ['{service_name="shop"}', 'shop', ''],
    ['{service_name="shop",host="a"}', 'shop', 'host="a"'],
    ['{env="x", service_name="shop",host="a"}', 'shop', 'env="x",host="a"'],
    ['{env="x",service_name="shop"}', 'shop', 'env="x"'],
    ['{env="x"}', '', 'env="x"'],
    ['shop{host=', '', 'shop{host='],
  ])('%s', (query, service, matchers) => {
    const parsed = parseSelector(query);
    expect(parsed.service).toBe(service);
    expect(parsed.matchers.replaceAll(' ', '')).toBe(matchers);
  });

  it('names any service so that it is read back', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.constantFrom('', 'host="a"'), (service, matchers) => {
        fc.pre(service.trim() === service);
        expect(parseSelector(formatSelector({ service, matchers }))).toEqual({ service, matchers });
      }),
    );
  });

  it('narrows by a label, quoting its value', () => {
    expect(withLabel('shop', 'host', 'a "b"')).toBe('shop{host="a \\"b\\""}');
    expect(withLabel('shop{env="x"}', 'host', 'b')).toBe('shop{env="x",host="b"}');
    expect(withLabel('', 'host', 'b')).toBe('{host="b"}');
  });
});

describe('matchers', () => {
  it('are taken apart and away one by one, whatever is in their quotes', () => {
    expect(splitMatchers('a="1,2", b!="\\"x,\\""')).toEqual(['a="1,2"', ' b!="\\"x,\\""']);
    expect(withoutLabel('shop{version="1,2",host=~"a.*"}', 'version')).toBe('shop{host=~"a.*"}');
    expect(withoutLabel('shop{host="a"}', 'version')).toBe('shop{host="a"}');
    expect(withoutLabel('shop', 'version')).toBe('shop');
  });
});
