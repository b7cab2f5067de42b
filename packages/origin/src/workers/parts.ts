/** What a worker's copy of the directory is made of and by, for the bench that weighs it. */
export { DirectoryFeed } from './directory-feed.js';
export { DirectoryReplica } from './directory-replica.js';
