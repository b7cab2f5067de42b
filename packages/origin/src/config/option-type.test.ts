import * as v from 'valibot';
import { expect, it } from 'vitest';
import { OPTIONS } from './options.js';

const WRONG = [-1, 1.5, 1e15, Number.NaN, 'no such: value', '', true, [-1], [['x']], [{}], {}, null];

it.each(Object.entries(OPTIONS))('%s says in our own words what it expects', (_, { type }) => {
  for (const value of WRONG) {
    const { issues = [] } = v.safeParse(type.schema, value);
    for (const { message } of issues) expect(message).not.toMatch(/Invalid|Expected|received/);
  }
});
