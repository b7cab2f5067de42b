import { expect, it } from 'vitest';
import { OutboundRate } from './outbound-rate.js';

it('tells kilobits per second between samples', () => {
  const rate = new OutboundRate();
  rate.sample(1000, 0);
  expect(rate.kbps).toBe(0);
  rate.sample(126_000, 1000);
  expect(rate.kbps).toBe(1000);
  rate.sample(126_000, 2000);
  expect(rate.kbps).toBe(0);
});

it('tells nothing new of samples at one moment, and counts from the last', () => {
  const rate = new OutboundRate();
  rate.sample(50_000, 0);
  rate.sample(51_000, 1000);
  expect(rate.kbps).toBe(8);
  rate.sample(61_000, 1000);
  expect(rate.kbps).toBe(8);
  rate.sample(61_500, 2000);
  expect(rate.kbps).toBe(4);
});
