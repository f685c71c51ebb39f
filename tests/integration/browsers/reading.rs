//! The page when there is much to read.

use serde_json::json;

use super::{Page, start};
use crate::support::{Chromium, Peer};

/// So many elements are more than the page ever has, however many lines it knows.
const MOST_ELEMENTS: u64 = 4000;

/// Says so many lines, with their numbers.
#[track_caller]
fn says_lines(peer: &mut Peer, from: u32, to: u32) {
    for first in (from..to).step_by(500) {
        let numbers = first..to.min(first + 500);
        let lines: Vec<_> = numbers.clone().map(|number| format!("line {number}\n")).collect();
        peer.sends(lines.concat().as_bytes());
        for number in numbers {
            peer.hears(&format!("[lobby] carol: line {number}"));
        }
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "how smoothly it scrolls depends on the machine")]
fn ten_thousand_lines_scroll_in_bounded_memory() {
    let Some(chromium) = Chromium::shared() else { return };
    let (server, door) = start(&["--history", "10000"]);
    let mut carol = server.client("carol");
    let alice = Page::enter(&chromium, door, "alice");
    carol.hears("alice has joined the chat!");
    says_lines(&mut carol, 0, 10_000);
    alice.heard(&["carol: line 9998", "carol: line 9999"]);
    let heap = || {
        alice.cdp("HeapProfiler.collectGarbage", json!({}));
        alice.cdp("Runtime.getHeapUsage", json!({}))["usedSize"].as_f64().expect("a number") / 1e6
    };
    let (elements, used) = (alice.count("*"), heap());
    assert!(elements < MOST_ELEMENTS, "{elements} elements");
    assert!(used < 30.0, "{used} MB");
    // Up by a screen in ten frames, again and again.
    let scrolled = "const scroller = document.querySelector('#scroll'), frames = [];
        let before = await new Promise(requestAnimationFrame);
        for (let at = 0; at < 200; at++) {
            scroller.scrollTop -= 60;
            const now = await new Promise(requestAnimationFrame);
            frames.push(now - before);
            before = now;
        }
        frames.sort((one, other) => one - other);
        return [frames[100], frames[190], frames[199]].map(Math.round);";
    let frames = alice.runs(scrolled, ());
    let (median, after) = (frames[0].as_f64().expect("a number"), alice.count("*"));
    eprintln!(
        "{elements} elements and {used:.1} MB; frames while scrolling: {frames} ms (50 %, 95 %, most), then {after}"
    );
    assert!(median < 100.0, "{median} ms a frame");
    assert!(after < MOST_ELEMENTS, "{after} elements");
    alice.is_so("!document.querySelector('#newest').hidden");
    // New lines do not move what one reads.
    let top = "[...document.querySelectorAll('#log > li')].map(it => [it.textContent, \
               Math.round(it.getBoundingClientRect().top)]).find(([, top]) => top > 100)";
    let seen = alice.value(top);
    says_lines(&mut carol, 10_000, 10_010);
    alice.shows("#newest", "↓ 10 new");
    assert_eq!(alice.value(top), seen);
    alice.clicks("#newest");
    alice.heard(&["carol: line 10008", "carol: line 10009"]);
    alice.is_content();
}

#[test]
fn scrolling_up_loads_what_was_said_before_and_keeps_the_place() {
    let Some(chromium) = Chromium::shared() else { return };
    let (server, door) = start(&["--history", "1000"]);
    let mut carol = server.client("carol");
    says_lines(&mut carol, 0, 600);
    let alice = Page::enter(&chromium, door, "alice");
    alice.heard(&["carol: line 598", "carol: line 599"]);
    assert!(alice.count("#log > .said") <= 400);
    // To the beginning, as far as there is something at each time. What is at the top stays there while more is
    // put before it.
    let climbs = "const scroller = document.querySelector('#scroll'), log = document.querySelector('#log');
        const frame = () => new Promise(requestAnimationFrame);
        const number = () => Number(/line (\\d+)/.exec(log.firstElementChild.textContent)?.[1]);
        const until = performance.now() + 20000;
        const moves = [];
        while (number() !== 0 && performance.now() < until) {
            const was = number();
            scroller.scrollTop = 0;
            // Only the first line can change its height, when a line of the same person comes before it.
            const read = log.children[2], place = read.getBoundingClientRect().top;
            while (number() === was && performance.now() < until) await frame();
            await frame();
            if (read.isConnected) moves.push(Math.round(read.getBoundingClientRect().top - place));
        }
        return [number(), moves];";
    let climbed = alice.runs(climbs, ());
    assert_eq!(climbed[0], 0, "the first line");
    let moves = climbed[1].as_array().expect("a list");
    assert!(
        !moves.is_empty() && moves.iter().all(|by| by.as_i64().is_some_and(|by| by.abs() < 60)),
        "{moves:?}"
    );
    assert!(alice.count("*") < MOST_ELEMENTS);
    alice.clicks("#newest");
    alice.heard(&["carol: line 598", "carol: line 599"]);
    alice.is_content();
}
