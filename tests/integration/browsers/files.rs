//! Files go from page to page, and between pages and other clients.

use std::fs;

use serde_json::json;

use super::{Page, start};
use crate::support::{Chromium, Piped, server::eventually};

const SIZE: usize = 700_001;

/// Bytes of every value, in a sequence that does not repeat.
fn bytes() -> Vec<u8> {
    (0..SIZE).map(|at| (at ^ (at >> 8) ^ (at >> 16)).to_le_bytes()[0]).collect()
}

/// Drops a file with those bytes on the page.
#[track_caller]
fn drops(page: &Page, name: &str) {
    let dropped = "const [name, size] = given;
        const bytes = Uint8Array.from({ length: size }, (_, at) => at ^ (at >> 8) ^ (at >> 16));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([bytes], name));
        for (const kind of ['dragover', 'drop']) {
            const event = new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true });
            document.querySelector('#scroll').dispatchEvent(event);
        }";
    page.runs(dropped, json!([name, SIZE]));
}

/// Counts the times that the page shows a progress bar.
#[track_caller]
fn counts_bars(page: &Page) {
    let count = "window.bars = 0;
        const look = () => { window.bars += document.querySelectorAll('progress[aria-label]').length; };
        new MutationObserver(look).observe(document.querySelector('#transfers'), { childList: true, subtree: true })";
    page.runs(count, ());
}

/// Saves what the link on the page gives, and compares it. No two tests save files of the same name.
#[track_caller]
fn saves(page: &Page, name: &str) {
    page.is_so("document.querySelector('#transfers a[download]')");
    assert_eq!(page.value("document.querySelector('#transfers a').download"), name);
    page.clicks("#transfers a");
    let saved = page.downloads().join(name);
    eventually("the file is saved", || fs::read(&saved).is_ok_and(|saved| saved == bytes()));
    page.clicks("#transfers li button:last-of-type");
    page.sees("document.querySelectorAll('#transfers li').length", &json!(0));
}

#[test]
fn a_file_that_is_dropped_on_the_page_arrives_in_another_browser_byte_for_byte() {
    let Some(chromium) = Chromium::shared() else { return };
    let (_server, door) = start(&[]);
    let (alice, bob) = (Page::enter(&chromium, door, "alice"), Page::enter(&chromium, door, "bob"));
    counts_bars(&alice);
    counts_bars(&bob);
    alice.clicks("#members [data-user=bob]");
    drops(&alice, "../<img src=x onerror=alert(1)>.bin");
    bob.is_so("document.querySelector('#transfers li')?.textContent.includes('alice')");
    bob.clicks("#transfers button");
    saves(&bob, "_.__img src=x onerror=alert(1)_.bin");
    alice.is_so("document.querySelector('#transfers li')?.textContent.includes('has arrived')");
    assert!([&alice, &bob].iter().all(|page| page.value("window.bars > 0") == true));
    // An offer that is refused is over for both.
    drops(&alice, "second");
    bob.is_so("document.querySelectorAll('#transfers li button').length === 2");
    bob.clicks("#transfers button:last-of-type");
    alice.is_so("document.querySelector('#transfers').textContent.includes('not transferred')");
    bob.is_so("!document.querySelector('#transfers progress') && !document.querySelector('#transfers a')");
    alice.is_content();
    bob.is_content();
}

#[test]
fn files_go_between_the_page_and_the_client_of_the_terminal() {
    let Some(chromium) = Chromium::shared() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("to carol.bin");
    fs::write(&path, bytes()).expect("a file");
    let downloads = folder.path().join("downloads");
    let (server, door) = start(&[]);
    let options = ["--nick", "carol", "--downloads", downloads.to_str().expect("a plain name")];
    let mut carol = Piped::start(server.address().port(), &options);
    carol.prints_at_last("Nickname changed to 'carol'.");
    let alice = Page::enter(&chromium, door, "alice");
    alice.is_so("document.querySelector('#members [data-user=carol]')");
    alice.gives("#file", path.to_str().expect("a plain name"));
    alice.is_so("document.querySelector('#receiver[open]')");
    assert_eq!(alice.value("document.querySelector('#receiver-nick').value"), "carol");
    alice.clicks("#receiver [type=submit]");
    carol.prints_request();
    carol.is_given("/acceptfile\n");
    alice.is_so("document.querySelector('#transfers').textContent.includes('has arrived')");
    eventually("it is saved", || fs::read(downloads.join("to carol.bin")).is_ok_and(|it| it == bytes()));
    alice.clicks("#transfers button");
    alice.sees("document.querySelectorAll('#transfers li').length", &json!(0));
    carol.is_given(&format!("/sendfile alice {}\n", path.display()));
    alice.is_so("document.querySelectorAll('#transfers button').length === 2");
    alice.clicks("#transfers button");
    saves(&alice, "to carol.bin");
    alice.is_content();
}
