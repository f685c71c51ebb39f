//! The answers to `/threads`, `/trace` and `/stats`.

use std::{fmt, time::Duration};

use super::Rough;
use crate::watch::{Activity, Hop, Journey, Reach, Seen, ThreadSeen};

/// The figures that `/stats` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Connected clients.
    pub clients: usize,
    /// Rooms that have members.
    pub rooms: usize,
    /// Messages since the server started, whispers included.
    pub messages: u64,
    /// Messages in the last [`Stats::recent_seconds`].
    pub recent_messages: u64,
    /// The whole seconds in which the recent messages were counted.
    pub recent_seconds: u64,
    /// Changes that are not on the disk yet.
    pub unsaved: usize,
    /// What the threads and the broadcaster report about themselves.
    pub seen: Seen,
}

pub(super) fn threads(f: &mut fmt::Formatter<'_>, seen: &Seen) -> fmt::Result {
    let (total, system) = (seen.total as u64, seen.system_threads);
    let unwatched = system.map_or(0, |all| all.saturating_sub(total));
    let unwatched = if unwatched > 0 { format!(" ({unwatched} more not watched)") } else { String::new() };
    write!(f, "{}{unwatched}, what each is doing, and for how long:", Count(total, "thread"))?;
    let width = seen.threads.iter().map(|thread| thread.name.len()).max().unwrap_or(0);
    for ThreadSeen { name, activity, for_how_long, is_asking } in &seen.threads {
        let (activity, for_how_long) = (doing(*activity), coarse(*for_how_long));
        let yours = if *is_asking { "  (yours)" } else { "" };
        write!(f, "\n  {name:width$}  {activity:LONGEST_ACTIVITY$}  {for_how_long:>6}{yours}")?;
    }
    let more = seen.total - seen.threads.len();
    if more > 0 {
        write!(f, "\n  and {more} more")?;
    }
    f.write_str("\nIn total: ")?;
    let counts = Activity::ALL.iter().zip(seen.counts).filter(|&(_, count)| count > 0);
    super::list(f, counts.map(|(&activity, count)| format!("{count} {}", doing(activity))))?;
    let (hold, batch) = (fine(seen.longest_hold), Count(seen.largest_batch, "post"));
    write!(f, ".\nThe channel holds {} of {}.", seen.channel.held, seen.channel.holds)?;
    write!(f, " Since the start: longest lock hold {hold}, largest batch {batch}.")
}

/// The letters of the longest activity.
const LONGEST_ACTIVITY: usize = 24;

fn doing(activity: Activity) -> &'static str {
    match activity {
        Activity::Working => "working",
        Activity::Accepting => "accepting",
        Activity::Reading => "reading",
        Activity::Locking => "waiting for the registry",
        Activity::Deciding => "under the lock",
        Activity::Posting => "posting under the lock",
        Activity::Saving => "waiting for the store",
        Activity::Hashing => "hashing a password",
        Activity::Waiting => "slowing its client down",
        Activity::Tracing => "tracing a message",
        Activity::Looking => "reading these figures",
        Activity::Closing => "waiting for a shutdown",
        Activity::Idle => "idle",
        Activity::Encoding => "encoding",
        Activity::Sending => "sending",
        Activity::Writing => "writing",
    }
}

pub(super) fn journey(f: &mut fmt::Formatter<'_>, journey: &Journey) -> fmt::Result {
    f.write_str("Your message's journey, in microseconds:")?;
    write!(f, "\n  {:>6}  {:>6}  {:LONGEST_HOP$}  thread", "at", "after", "hop")?;
    let hops = journey.in_order();
    let mut previous = None;
    for (hop, arrival) in &hops {
        let since = |start| arrival.at.duration_since(start).as_micros();
        let at = hops.first().map_or(0, |(_, first)| since(first.at));
        let after = previous.map(|previous| since(previous).to_string()).unwrap_or_default();
        let hop = passed(*hop, journey.reach);
        write!(f, "\n  {at:>6}  {after:>6}  {hop:LONGEST_HOP$}  {}", arrival.thread)?;
        previous = Some(arrival.at);
    }
    let between = |start, end| Some(journey.at(end)?.duration_since(journey.at(start)?).as_micros());
    let (waited, held) = (between(Hop::Decoded, Hop::Locked), between(Hop::Locked, Hop::Unlocked));
    if let (Some(waited), Some(held)) = (waited, held) {
        write!(f, "\nYour thread waited {waited} for the lock and held it for {held}.")?;
    }
    match journey.reach {
        None => f.write_str("\nThe broadcaster has not sent it yet."),
        Some(Reach { waiting: 0, .. }) => Ok(()),
        Some(Reach { waiting, .. }) => {
            write!(f, " It still waits for {} to read.", Count(waiting as u64, "slow client"))
        }
    }
}

/// The letters of the longest hop, with a number of clients up to 9999.
const LONGEST_HOP: usize = 30;

fn passed(hop: Hop, reach: Option<Reach>) -> String {
    let words = match hop {
        Hop::Read => "read from your socket",
        Hop::Decoded => "decoded, asked for the lock",
        Hop::Locked => "got the lock",
        Hop::Queued => "decided who hears it, queued",
        Hop::Unlocked => "gave the lock back",
        Hop::PickedUp => "picked up",
        Hop::Encoded => "encoded",
        Hop::Sent => {
            return format!("sent to {}", Count(reach.map_or(0, |reach| reach.hearers) as u64, "client"));
        }
    };
    words.into()
}

pub(super) fn stats(f: &mut fmt::Formatter<'_>, stats: &Stats) -> fmt::Result {
    let Stats { clients, rooms, messages, recent_messages, recent_seconds, unsaved, seen } = stats;
    let seconds = (*recent_seconds).min(seen.uptime.as_secs()).max(1);
    let tenths = recent_messages * 10 / seconds;
    let rate = format!("{}.{} a second lately, {messages} since the start", tenths / 10, tenths % 10);
    let outboxes = Count(seen.waiting_clients, "slow client");
    let rows = [
        ("clients", clients.to_string()),
        ("rooms", rooms.to_string()),
        ("messages", rate),
        ("channel", format!("{} of {}", seen.channel.held, seen.channel.holds)),
        ("outboxes", format!("{} for {outboxes}", Count(seen.waiting_bytes, "byte"))),
        ("to be saved", Count(*unsaved as u64, "change").to_string()),
        ("longest lock hold", fine(seen.longest_hold)),
        ("largest batch", Count(seen.largest_batch, "post").to_string()),
        ("threads", seen.system_threads.unwrap_or(seen.total as u64).to_string()),
        ("memory", seen.memory.map_or("unknown".into(), megabytes)),
        ("uptime", Rough(seen.uptime).to_string()),
    ];
    f.write_str("The server at this moment:")?;
    rows.iter().try_for_each(|(what, value)| write!(f, "\n  {what:17}  {value}"))
}

/// A number of things: `1 client`, `2 clients`.
pub(super) struct Count(pub(super) u64, pub(super) &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, what) = self;
        write!(f, "{count} {what}{}", if *count == 1 { "" } else { "s" })
    }
}

/// A duration that may be very short: `212 µs`.
fn fine(time: Duration) -> String {
    if time < Duration::from_millis(1) { format!("{} µs", time.as_micros()) } else { coarse(time) }
}

/// A duration that is exact only to some milliseconds: `340 ms`.
fn coarse(time: Duration) -> String {
    if time < Duration::from_secs(1) { format!("{} ms", time.as_millis()) } else { Rough(time).to_string() }
}

/// A number of bytes: `12.3 MB`.
fn megabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{event::Event, watch::Arrival};

    fn journey(hops: &[(Hop, u64, &str)], reach: Option<Reach>) -> String {
        let start = Instant::now();
        let mut journey = Journey::default();
        if let Some(reach) = reach {
            journey.end(reach);
        }
        for &(hop, micros, thread) in hops {
            let at = start + Duration::from_micros(micros);
            journey.note(hop, Arrival { at, thread: thread.into() });
        }
        Event::Journey(journey).to_string()
    }

    #[test]
    fn a_journey_lists_its_hops_in_the_order_of_time() {
        let hops = [
            (Hop::Read, 0, "client 40312"),
            (Hop::Decoded, 6, "client 40312"),
            (Hop::Locked, 7, "client 40312"),
            (Hop::Queued, 9, "client 40312"),
            (Hop::PickedUp, 31, "broadcaster"),
            (Hop::Unlocked, 33, "client 40312"),
            (Hop::Encoded, 34, "broadcaster"),
            (Hop::Sent, 1070, "broadcaster"),
        ];
        assert_eq!(
            journey(&hops, Some(Reach { hearers: 20, waiting: 1 })),
            "Your message's journey, in microseconds:
      at   after  hop                             thread
       0          read from your socket           client 40312
       6       6  decoded, asked for the lock     client 40312
       7       1  got the lock                    client 40312
       9       2  decided who hears it, queued    client 40312
      31      22  picked up                       broadcaster
      33       2  gave the lock back              client 40312
      34       1  encoded                         broadcaster
    1070    1036  sent to 20 clients              broadcaster
Your thread waited 1 for the lock and held it for 26. It still waits for 1 slow client to read."
        );
    }

    #[test]
    fn a_message_that_is_not_sent_yet_is_not_shown_as_sent() {
        let told = journey(&[(Hop::Read, 0, "client 1")], None);
        assert!(told.ends_with("client 1\nThe broadcaster has not sent it yet."), "{told}");
    }

    #[test]
    fn every_activity_and_hop_fits_its_column() {
        for activity in Activity::ALL {
            assert!(doing(activity).len() <= LONGEST_ACTIVITY, "{activity:?}");
        }
        let reach = Some(Reach { hearers: 9999, waiting: 0 });
        for hop in [Hop::Read, Hop::Decoded, Hop::Locked, Hop::Queued, Hop::Unlocked, Hop::Sent] {
            assert!(passed(hop, reach).len() <= LONGEST_HOP, "{hop:?}");
        }
    }

    #[test]
    fn durations_are_shown_no_finer_than_they_are_measured() {
        let told = |micros| {
            let duration = Duration::from_micros(micros);
            (fine(duration), coarse(duration))
        };
        assert_eq!(told(999), ("999 µs".into(), "0 ms".into()));
        assert_eq!(told(1000), ("1 ms".into(), "1 ms".into()));
        assert_eq!(told(60_000_000), ("1 min".into(), "1 min".into()));
    }
}
