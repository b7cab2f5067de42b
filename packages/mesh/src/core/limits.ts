/**
 * Everything that another member can make grow, and how long each wait may last. Times are ms of the monotonic clock
 * that drives the core.
 */

/** Records in the directory, this member's own and dead ones included. The topology is a full mesh, made for some dozens. */
export const MEMBERS_MAX = 256;

/** Other members kept at once, strangers included: whoever greets has room for a record. */
export const PEERS_MAX = MEMBERS_MAX - 1;

/** Streams that one member may claim at once. */
export const STREAMS_PER_MEMBER_MAX = 200_000;

/** Releases that a member remembers of its own; who asks from before them gets a snapshot. */
export const RELEASES_MAX = 20_000;

/** Addresses announced and remembered per member. */
export const ADDRESSES_PER_MEMBER_MAX = 4;

/** Largest message on the wire, bytes, its envelope included. */
export const MESSAGE_BYTES_MAX = 64 * 1024;

/** Messages that carry many entries are cut at this estimated size, bytes, to stay well below `MESSAGE_BYTES_MAX`. */
export const PART_BYTES_MAX = 48 * 1024;

/** Most entries or claims in one message; a part of `PART_BYTES_MAX` can't hold more. */
export const ENTRIES_PER_MESSAGE_MAX = 8192;

/** Parts of one repair that may be under way before the asker says `more`: bounds the sender's queue. */
export const PARTS_WINDOW = 16;

/**
 * Broadcasts that all members together make under load: each costs every member 0.3 to 1.5 ms of CPU, so claims are
 * gathered for longer the more members claim at once. A lone claim goes out at once.
 */
export const BROADCASTS_PER_SECOND = 60;

/** Broadcasts of one member that may go out ahead of that, so that a lone claim never waits. */
export const BROADCASTS_AHEAD = 3;

/** Claims are gathered no longer than this. */
export const BROADCAST_SPACING_MAX_MS = 500;

/**
 * Parts that one step sends: a part takes 1 to 2 ms to encode, and what comes meanwhile waits for it. The rest of the
 * window goes with the next steps.
 */
export const PARTS_PER_STEP = 1;

/** Voided claims that one tick sweeps, about 1 ms of work. */
export const SWEPT_PER_TICK = 1_000;

/** Entries of deltas that waited for others after which the rest is left to the next step, about 1 ms of work. */
export const PENDING_PER_STEP = 1_000;

/** Deltas of this member's own changes that go out in one step. */
export const DELTAS_PER_FLUSH = 2;

/** Deltas kept that came before the ones they build upon, per member. */
export const PENDING_DELTAS_MAX = 64;

/** A gap is given this long to be closed by a delta that is merely late, before the owner is asked. */
export const GAP_PATIENCE_MS = 60;

/** Without any part of a repair for this long, it is asked for again. */
export const PULL_DEADLINE_MS = 3_000;

/** An owner whose answer ends before what it had said its log is, is asked again after this long. */
export const SHORT_ANSWER_PAUSE_MS = 500;

/** Repairs that one member may ask for per second. */
export const PULLS_PER_SECOND_MAX = 20;

/** News of one member that are kept under its signature, to be handed on while others can't ask it. */
export const ENVELOPES_KEPT_MAX = 64;

/** The same in bytes, per member. */
export const ENVELOPES_KEPT_BYTES_MAX = 128 * 1024;

/** Longer ones are not kept: they would not fit into a message of their own again. No member makes such. */
export const ENVELOPE_KEPT_BYTES_MAX = MESSAGE_BYTES_MAX - 256;

/** A suspect's words are asked for each so often. */
export const ASK_PAUSE_MS = 300;

/** The same of a member that is out of reach for long. */
export const UNREACHABLE_ASK_PAUSE_MS = 1_000;

/** Who has not answered by then may be asked for something else. */
export const ASK_DEADLINE_MS = 1_000;

/** Questions for others' words that one member may put per second; it puts one at a time. */
export const ASKS_PER_SECOND_MAX = 20;

/** After a member went over a limit, nothing is asked of it for this long. */
export const REFUSED_LOG_PAUSE_MS = 30_000;

/**
 * A connected member that has not said hello by then is disconnected, and dialled again; later on slow paths. Where it died
 * behind a cut before its hello, nothing else ends the connection.
 */
export const HELLO_DEADLINE_MS = 5_000;

/** A connection with a member that speaks no common version is kept for this long; nor is it dialled sooner. */
export const VERSIONS_REST_MS = 60_000;

/** The transport gives an address up that does not answer for so long. */
export const CONNECT_TIMEOUT_MS = 2_000;

/** A dial that was not answered by then counts as failed; the transport's own limit is shorter. */
export const DIAL_DEADLINE_MS = 15_000;

/**
 * A member whose connection closed is given up when it could not be reached again within this time; more on slow paths
 * (`leewayOf`).
 */
export const CONFIRM_MS = 1_000;

/** After a connection closed and redialling was refused, others that may still hear the member are waited for so long. */
export const ANSWER_WAIT_MS = 75;

/** Others' word that they hear a member counts for so long after that member's own last word. */
export const WITNESSED_MAX_MS = 5 * 60_000;

/** Of a member that was forgotten it is known for so long since when it was gone. */
export const BURIED_MS = 60_000;

/** Who can't reach some member says something signed and new each so often, so that others' word for it goes on to count. */
export const SIGN_OF_LIFE_MS = WITNESSED_MAX_MS / 3;

/** What changed while some member can't be reached is broadcast once more each so often. */
export const RETELL_MS = 2_000;

/** Deltas of one such repetition; a longer log goes on with the next one. */
export const RETELL_DELTAS_MAX = 2;

/** Where they are not enough, as many more tell what changed since so long before that member was found out of reach. */
export const RETELL_BEFORE_MS = 10_000;

/** Everybody is told at once that a member is not heard any more, but no more often than this. */
export const TELL_GAP_MS = 200;

/** A member that waits for this one's word gets it at once, but no more often than this. */
export const TOLD_GAP_MS = 50;

/**
 * After it stood still for long, a member does not say whom it hears for a while: what waited in its sockets comes first,
 * and then heartbeats whose echo tells how old they are.
 */
export const HUSH_FROM_MS = 1_000;
export const HUSH_MS = 1_500;

/** First wait before a dial is repeated; doubled each time, up to `RETRY_MAX_MS`. */
export const RETRY_MIN_MS = 200;

/**
 * Longest wait between two dials of a member that was lost just now, or that another one hears: a healed partition is
 * noticed within this time.
 */
export const RETRY_MAX_MS = 1_500;

/** The same, to begin with, for a member that was never met or that left. */
export const STRANGER_RETRY_MAX_MS = 15_000;

/** A member that is gone waits for its next dial for this share of the time that it is gone, and no longer than that. */
export const GONE_RETRY_SHARE = 1 / 8;
export const GONE_RETRY_MAX_MS = 3 * 60_000;

/** Dials that a member may make per second, visits of seeds included. */
export const DIALS_PER_SECOND_MAX = 8;

/** Dials that may go out ahead of that, as where a whole mesh is lost, or found, at one moment. */
export const DIALS_AHEAD_MAX = 128;

/** Of these, so many are for seeds and the recently lost alone. */
export const DIALS_AHEAD_URGENT = 64;

/** A member that is gone for less than this is lost only recently: it is dialled before others. */
export const RECENTLY_LOST_MS = 60_000;

/** A member that left is dialled no sooner: it may have come back while its own seeds are away. */
export const LEFT_REST_MS = 5_000;

/** Members not reached from here that are dialled often, and not forgotten, while one and the same member says that it hears them. */
export const VOUCHED_MAX = 8;

/** For so long after it said so last. */
export const VOUCHED_MS = 60_000;

/** Who was never met and is named by nobody is forgotten after this long. */
export const STRANGER_KEPT_MS = 2 * 60_000;

/** Others are told of a member that is gone for this long. */
export const GONE_TOLD_MS = 5 * 60_000;

/** Longest wait between two visits of an unreachable seed: it may be all that leads back after a partition. */
export const SEED_RETRY_MAX_MS = 1_500;

/** Seeds that answered are visited again this often, since a name may mean more members by now. */
export const SEED_RECHECK_MS = 15_000;

/** Of two members that just learned of each other, the one with the greater id waits this long for the other's dial. */
export const POLITE_DIAL_MS = 100;

/** The core expects `tick` this often. */
export const TICK_MS = 200;

/** A tick later than this beyond `TICK_MS` means that this process itself stood still. */
export const STALL_MS = 250;

/** A loop that is late again and again is told of at most this often. */
export const STALL_TOLD_EVERY_MS = 10_000;

/** A dead or left member's claims are kept this long, to catch up by deltas. */
export const GONE_KEPT_MS = 10 * 60_000;

/** A dead or left member that nobody said to hear for this long is forgotten, with all that is known of it. */
export const FORGET_AFTER_MS = 60 * 60_000;

/** A member that left and does not close its connection is disconnected after this long. */
export const LEFT_CLOSE_MS = 5_000;

/** Each so often, one random member is told who is known, so that members learn of each other from anyone. */
export const ROSTER_INTERVAL_MS = 1_000;

/** The same once nobody came or went for a while. */
export const ROSTER_QUIET_INTERVAL_MS = 10_000;

/** A start of a member that is heard for so long is told to those that do not hear it, ms. */
export const INTRODUCE_AFTER_MS = 1_500;

/** A member tells of a change of its load level at most this often: each is an entry in its log. */
export const LOAD_LEVEL_INTERVAL_MS = 5_000;

/** Estimated bytes of a list of members in one message. */
export const ROSTER_BYTES_MAX = 32 * 1024;

/** Offences of one member, fading by one per `OFFENCE_FADES_MS`, that get it cut off. */
export const OFFENCES_MAX = 20;
export const OFFENCE_FADES_MS = 5_000;

/** A member cut off for its offences is refused for this long. */
export const CUT_OFF_MS = 60_000;

/** Older words of a member that restarted may still arrive for this long; later they come from a twin. */
export const TWIN_GRACE_MS = 2_000;

/** The same two twins are told of at most this often. */
export const TWIN_TOLD_EVERY_MS = 60_000;

/** Each of two holders of one identity is answered at most this often. */
export const TWIN_ANSWER_PAUSE_MS = 500;

/** For so long after words of an earlier start of a member, only words that tell their start show that it lives. */
export const TWIN_HEARD_MS = 5_000;

/**
 * When nobody hears the other holder of this identity for this long, a newer generation is taken. After the first
 * `TWIN_FREE` the pause is doubled with each one, up to `TWIN_ALONE_MAX_MS`, so that two holders on an unsteady network do
 * not void each other's claims in turn.
 */
export const TWIN_ALONE_MS = 3_000;
export const TWIN_ALONE_MAX_MS = 5 * 60_000;
export const TWIN_FREE = 3;

/** After this long without a new one, generations taken are no longer counted. */
export const TWIN_FORGIVEN_MS = 60 * 60_000;

/** Where some say that they hear the other holder, and most do not, or nobody can be asked: believed after this long. */
export const TWIN_DOUBT_MS = 60_000;

/** One member's word against most others makes this one take a newer generation so many times within `TWIN_FORGIVEN_MS`. */
export const TWIN_WORDS_MAX = 3;

/** How far generations may be ahead of this member's own clock to be believed of few, ms. */
export const TWIN_SKEW_MAX_MS = 24 * 60 * 60_000;

/** No clock counts so far: greater generations are nobody's. */
export const GENERATION_MAX = 2 ** 48;

/** That one member goes over limits is told at most this often. */
export const EXCESS_TOLD_EVERY_MS = 60_000;
