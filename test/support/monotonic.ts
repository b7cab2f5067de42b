/** ms of the machine's monotonic clock: on Linux the same in all processes, network namespaces included. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
