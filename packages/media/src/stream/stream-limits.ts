import type { AudienceLimits } from './audience.js';
import type { HistoryLimits } from './frame-history.js';
import type { SwitchRules } from './source-switch.js';

/** Every number that bounds one stream. */
export type StreamLimits = AudienceLimits & HistoryLimits & SwitchRules;
