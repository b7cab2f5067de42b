import type { ApiConfig } from '../api/types.js';
import { MemberOptions } from '../parts/member-options.js';
import { Badge, Notice, Problem } from '../parts/notice.js';
import { Scroll } from '../parts/scroll.js';
import { WordsFilter } from '../parts/words-filter.js';
import { members } from '../state/live.js';
import { linkToConfig } from '../state/read-place.js';
import { useAnswer } from '../state/use-answer.js';
import { useKept } from '../state/use-kept.js';

type Key = ApiConfig['keys'][number];
type Given = NonNullable<Key['next']>;

/** What a member runs with, and where each value came from. */
export function ConfigView({ member: wanted }: { readonly member?: string }) {
  const words = useKept('words', '');
  const areOwnOnly = useKept('areOwnOnly', false);
  const there = (members.value ?? []).filter(({ liveness }) => liveness !== 'dead' && liveness !== 'left');
  const chosen = wanted ?? there.find(({ self }) => self)?.id ?? 'self';
  const { value, problem, heardMs } = useAnswer<ApiConfig>(
    `/api/v1/members/${encodeURIComponent(chosen)}/config`,
    {
      isChangedBy: ({ kind }) => kind === 'configuration-reloaded' || kind === 'log-level-changed',
      everyPulses: 15,
    },
  );
  const sought = words.value.toLowerCase();
  const keys = (value?.keys ?? []).filter(
    (one) =>
      (!areOwnOnly.value || one.source !== 'default') &&
      `${one.key} ${textOf(one)} ${one.from ?? ''}`.toLowerCase().includes(sought),
  );
  const waiting = (value?.keys ?? []).filter(({ next }) => next !== undefined).length;
  return (
    <section class="panel" aria-labelledby="config-title">
      <div class="row filters">
        <h2 id="config-title" class="grow">
          Configuration <span class="quiet">{value === null ? '' : `of ${value.name}`}</span>
        </h2>
        <label>
          member
          <select
            value={chosen}
            onChange={(event) => {
              location.hash = linkToConfig(event.currentTarget.value);
            }}
          >
            {!there.some(({ id }) => id === chosen) && <option value={chosen}>{chosen}</option>}
            <MemberOptions members={there} />
          </select>
        </label>
        <WordsFilter words={words} />
        <label class="check">
          <input
            type="checkbox"
            checked={areOwnOnly.value}
            onChange={() => (areOwnOnly.value = !areOwnOnly.value)}
          />
          without defaults
        </label>
      </div>
      <Problem problem={problem} heardMs={heardMs} />
      {waiting > 0 && (
        <p class="notice" data-kind="partial" role="status">
          {waiting === 1 ? 'One key has' : `${waiting} keys have`} a new value that counts from the next start
          on.
        </p>
      )}
      {value === null && problem === null && <Notice kind="loading">Asking for the configuration …</Notice>}
      {value !== null && keys.length === 0 && (
        <Notice kind="empty">
          {value.keys.length === 0
            ? 'This member does not tell: it was not started by the command line.'
            : 'No key is like that.'}
        </Notice>
      )}
      {keys.length > 0 && (
        <Scroll label="Configuration">
          <table class="config">
            <thead>
              <tr>
                <th scope="col">key</th>
                <th scope="col">value</th>
                <th scope="col">from</th>
                <th scope="col">a change counts</th>
              </tr>
            </thead>
            <tbody>
              {keys.map((one) => (
                <tr key={one.key} data-source={one.source}>
                  <th scope="row" class="name">
                    <code>{one.key}</code>
                  </th>
                  <td class="name">
                    {textOf(one)}
                    {one.next !== undefined && (
                      <>
                        {' '}
                        <Badge state="restart" /> {textOf(one.next)}{' '}
                        <span class="quiet">{fromOf(one.next)}</span>
                      </>
                    )}
                  </td>
                  <td class="quiet name">{fromOf(one)}</td>
                  <td class="quiet">{one.applies === 'live' ? 'by a reload' : 'by a restart'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}

function textOf({ value }: Given): string {
  if (value === undefined) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'empty' : value.join(', ');
  return String(value);
}

const SOURCES: Readonly<Record<string, string>> = {
  default: 'default',
  environment: 'environment',
  'command-line': 'command line',
  operator: 'set by an operator',
};

const fromOf = ({ source, from }: Given): string =>
  [SOURCES[source] ?? (source === 'file' ? '' : source), from].filter(Boolean).join(' ');
