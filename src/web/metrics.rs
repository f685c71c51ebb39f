//! What is counted, for Prometheus.
//!
//! It tells how much there is of everything, and no name of a room or user. Like `/server/status`, it is for those who
//! run the server: an operator who lets the world reach this door keeps both paths inside, at the proxy.

use std::time::{Duration, SystemTime};

use super::House;
use crate::{
    ending::Ending,
    event::{refusal, transfers::Outcome},
    http::{Response, Status},
    log,
    metrics::{
        self, Page,
        Value::{self, Count, Nanoseconds},
    },
    registry::state::Counts,
    watch::{Load, Process, Reading},
    wire,
};

/// All figures. Only for the counts of the chat, this takes the registry's lock, once and briefly.
pub(super) fn report(house: &House<'_>) -> Response {
    let (counts, log) = house.registry.counts();
    let watch = house.registry.watch();
    let (figures, mut page) = (watch.figures(), Page::default());
    write_process(&mut page, watch.started_at(), watch.process());
    write_clients(&mut page, &counts, &figures);
    write_talk(&mut page, &counts, &figures);
    write_work(&mut page, &figures, house.registry.load());
    write_files(&mut page, &counts, &figures);
    write_waiting(&mut page, &counts, log);
    Response::new(Status::Ok, metrics::MEDIA, page.finish())
}

fn write_process(page: &mut Page, started_at: SystemTime, process: Process) {
    let version = [(env!("CARGO_PKG_VERSION"), 1)];
    page.gauges("chat_build_info", "The version of the server.", "version", version);
    let started = started_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let name = "process_start_time_seconds";
    page.gauge(name, "When the server started, in seconds since 1970.", nanoseconds(started));
    if let Some(used) = process.used {
        page.counter("process_cpu_seconds_total", "Time used of all processors.", nanoseconds(used));
    }
    if let Some(memory) = process.memory {
        page.gauge("process_resident_memory_bytes", "Resident memory.", Count(memory));
    }
}

fn write_clients(page: &mut Page, counts: &Counts, figures: &Reading) {
    let clients = counts.clients.clone().with(wire::with_clients().map(|wire| wire.scheme));
    page.gauges("chat_clients", "Clients in the chat, by wire.", "wire", clients.iter());
    let left = counts.occurrences.left.clone().with(Ending::WORDS);
    let help =
        "Clients that have left, by reason. The server cut those that were dismissed, silent or too slow.";
    page.counters("chat_clients_left_total", help, "reason", left.iter());
    let refused = figures.refused.clone().with(refusal::WORDS);
    let help = "Connections and clients that were not let in, by reason.";
    page.counters("chat_refusals_total", help, "reason", refused.iter());
    let passwords = counts.occurrences.passwords.clone().with(["right", "wrong", "too_many"]);
    let help = "Passwords that users showed. Those that came too often were not compared.";
    page.counters("chat_passwords_total", help, "result", passwords.iter());
}

fn write_talk(page: &mut Page, counts: &Counts, figures: &Reading) {
    // A room is no label: users invent rooms, and a Prometheus server would remember each one.
    page.gauge("chat_rooms", "Rooms that have members.", count(counts.rooms));
    let kinds = [("line", counts.lines), ("whisper", counts.whispers)];
    let help = "Messages that users sent: lines to a room, or whispers to one user.";
    page.counters("chat_messages_total", help, "kind", kinds);
    let help = "Events that clients were told, once for each client.";
    page.counter("chat_deliveries_total", help, Count(figures.deliveries));
    let help = "Bytes read from all sockets, those of files and of HTTP included.";
    page.counter("chat_received_bytes_total", help, Count(figures.received));
    let help = "Bytes sent to all sockets, those of files and of HTTP included.";
    page.counter("chat_sent_bytes_total", help, Count(figures.sent));
}

fn write_work(page: &mut Page, figures: &Reading, channel: Load) {
    let help = "Decisions that wait in the channel to the broadcaster.";
    page.gauge("chat_channel_length", help, count(channel.held));
    let help = "Decisions that the channel can hold. When it is full, sessions wait.";
    page.gauge("chat_channel_capacity", help, count(channel.holds));
    let help = "Posts in each batch of the broadcaster.";
    page.histogram("chat_batch_posts", help, Count, &figures.batches);
    let help = "How long the registry's lock was held each time.";
    page.histogram("chat_lock_hold_seconds", help, Nanoseconds, &figures.holds);
    let help = "The longest time since the start that the registry's lock was held.";
    page.gauge("chat_lock_hold_longest_seconds", help, Nanoseconds(figures.longest_hold));
    let help = "Clients whose sockets are full.";
    page.gauge("chat_blocked_clients", help, Count(figures.waiting_clients));
    let help = "Bytes that wait for clients whose sockets are full.";
    page.gauge("chat_outbox_bytes", help, Count(figures.waiting_bytes));
}

fn write_files(page: &mut Page, counts: &Counts, figures: &Reading) {
    let offers = counts.occurrences.offers.clone().with(Outcome::WORDS);
    page.counters("chat_offers_total", "Offers of files that have ended.", "outcome", offers.iter());
    page.counter("chat_file_bytes_total", "Bytes of files that were carried.", Count(figures.carried));
}

fn write_waiting(page: &mut Page, counts: &Counts, log: Option<log::Load>) {
    let help = "Changes that are not in the data file yet.";
    page.gauge("chat_unsaved_changes", help, count(counts.unsaved));
    let Some(log::Load { waiting, dropped }) = log else { return };
    page.gauge("chat_log_waiting_bytes", "Memory of the facts that wait for the log.", count(waiting));
    let help = "Facts that are missing in the log because too many waited.";
    page.counter("chat_log_dropped_facts_total", help, Count(dropped));
}

fn count(number: usize) -> Value {
    Count(number as u64)
}

fn nanoseconds(time: Duration) -> Value {
    Nanoseconds(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}
