// Node writes warnings of its own to standard error, also while code is loaded. A reader that is gone, or a disk that is full,
// costs them, and must not end the process, as an error without a listener does.
process.stderr.on('error', () => {});
