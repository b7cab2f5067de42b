import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/** Whether processes can be kept to a core (util-linux), and there is more than one. */
export const CAN_PIN = cpus().length > 1 && spawnSync('taskset', ['--version']).status === 0;

/** Words before a command that keep it to one core: 0 for what is measured, 1 for what loads it. None where that can't be done. */
export const onCore = (core: 0 | 1): readonly string[] => (CAN_PIN ? ['taskset', '-c', String(core)] : []);
