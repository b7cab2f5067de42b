import type { MediaQuestions } from '../plane/media-plane.js';
import { mergeStreamTotals } from '../plane/stream-totals.js';
import { mergeClients, mergeKeys, mergeViews } from './merge-views.js';
import type { WorkerPool } from './worker-pool.js';

/** Asks all workers at once, and puts together what they answer. */
export function questionsTo(pool: WorkerPool): MediaQuestions {
  return {
    async clients(filter, after, max) {
      const { answers, unanswered } = await pool.ask('clients', filter, after, max);
      return { value: mergeClients(answers, max), unanswered };
    },

    async kick(id) {
      const { answers, unanswered } = await pool.ask('kick', id);
      return { value: answers.includes(true), unanswered };
    },

    async endPublish(key) {
      const { answers, unanswered } = await pool.ask('endPublish', key);
      return { value: answers.includes(true), unanswered };
    },

    async publishersAsked() {
      const { answers, unanswered } = await pool.ask('publishersAsked');
      return { value: answers.reduce((sum, count) => sum + count, 0), unanswered };
    },

    async load() {
      const { answers, unanswered } = await pool.ask('load');
      const sum = (of: 'players' | 'publishers' | 'outboundKbps') =>
        answers.reduce((total, load) => total + load[of], 0);
      const value = {
        players: sum('players'),
        publishers: sum('publishers'),
        outboundKbps: sum('outboundKbps'),
      };
      return { value, unanswered };
    },

    async pulls() {
      const { answers, unanswered } = await pool.ask('pulls');
      return { value: answers.flat(), unanswered };
    },

    async streamKeys(from, max) {
      const { answers, unanswered } = await pool.ask('streamKeys', from, max);
      return { value: mergeKeys(answers, max), unanswered };
    },

    async stream(key, playersMax) {
      const { answers, unanswered } = await pool.ask('stream', key, playersMax);
      return { value: mergeViews(answers, playersMax), unanswered };
    },

    async playerCounts(keys) {
      const { answers, unanswered } = await pool.ask('playerCounts', keys);
      const value = keys.map((_, index) => answers.reduce((sum, counts) => sum + (counts[index] ?? 0), 0));
      return { value, unanswered };
    },

    async streamTotals(from, max) {
      const { answers, unanswered } = await pool.ask('streamTotals', from, max);
      return { value: mergeStreamTotals(answers, max), unanswered };
    },
  };
}
