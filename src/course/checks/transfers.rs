//! Checks of file transfers: one of the learner's clients sends files to another through the learner's server.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::course::{
    class,
    conversation::Pattern,
    failure::Failure,
    folder::Folder,
    stage::{Outcome, Stage},
    subject::Launch,
    visitor::{Visitor, cannot_run},
};

/// The largest file that a server of the course accepts, in bytes.
const LARGEST: usize = 10 << 20;

/// The pause between two looks at the folder of received files.
const LOOK: Duration = Duration::from_millis(5);

pub(super) fn arrives(stage: &mut Stage<'_>, client: &Launch) -> Outcome {
    let mut party = Party::new(stage, client)?;
    let (plain, odd, hidden) = (party.word(), party.word(), party.word());
    for (name, length) in [(format!("{plain}.bin"), 300_000), (plain, 0), (format!("my {odd} 😄.jpg"), 5000)]
    {
        let bytes = party.bytes(length);
        party.exchanges(&name, &bytes)?;
        party.has_received(&name, &bytes)?;
    }
    let bytes = party.bytes(100);
    // The server may announce it under another name.
    party.sends(&format!(".{hidden}"), &bytes, &hidden)?;
    party.accepts(&hidden)?;
    party.finds("(a name without the dot)", &bytes, |folder| has(folder, &bytes))
}

pub(super) fn same_name(stage: &mut Stage<'_>, client: &Launch) -> Outcome {
    let mut party = Party::new(stage, client)?;
    let name = format!("{}.txt", party.word());
    let (first, second) = (party.bytes(2000), party.bytes(3000));
    party.exchanges(&name, &first)?;
    party.has_received(&name, &first)?;
    party.exchanges(&name, &second)?;
    // What is there now is judged whether the second file has arrived or not.
    let _ = party.finds(&name, &second, |folder| has(folder, &second));
    both_are_there(party.bob.downloads.path(), &name, &first, &second)
}

fn both_are_there(folder: &Path, name: &str, first: &[u8], second: &[u8]) -> Outcome {
    if fs::read(folder.join(name)).is_ok_and(|bytes| bytes == second) || !has(folder, first) {
        let expected = format!("{name} is still the first file, and the second file has another name");
        return Err(Failure::new(&class::OVERWRITTEN, expected, listing(folder)));
    }
    if has(folder, second) {
        return Ok(());
    }
    Err(not_arrived(folder, "(any other name)", second))
}

pub(super) fn refused(stage: &mut Stage<'_>, client: &Launch) -> Outcome {
    let mut party = Party::new(stage, client)?;
    let (unwanted, large, small) = (party.word(), party.word() + ".iso", party.word() + ".txt");
    let bytes = party.bytes(100);
    party.sends(&unwanted, &bytes, &unwanted)?;
    party.bob.types(party.stage, "/rejectfile");
    let who = &party.bob.name;
    let told = Pattern::with(format!("{who} has rejected '{unwanted}'."), &[who, "rejected", &unwanted]);
    party.alice.is_shown(party.stage, &told, &class::NOT_SHOWN)?;
    party.types_offer(&large, &vec![0; LARGEST + (1 << 20)])?;
    let told = Pattern::with("File too large (max 10 MiB).", &["too large"]);
    party.alice.is_shown(party.stage, &told, &class::NOT_REFUSED)?;
    // If the server had offered the large file, bob would see that first.
    let bytes = party.bytes(100);
    party.sends(&small, &bytes, &small)
}

pub(super) fn chat_goes_on(stage: &mut Stage<'_>, client: &Launch) -> Outcome {
    const LINES: usize = 40;
    let mut party = Party::new(stage, client)?;
    let name = format!("{}.bin", party.word());
    let bytes = party.bytes(LARGEST);
    party.sends(&name, &bytes, &name)?;
    let Party { stage, alice, bob, carol, .. } = &mut party;
    alice.is_stopped(stage);
    bob.types(stage, "/acceptfile");
    stage.remark(&format!("({carol} sends {LINES} lines and receives each before the next)"));
    for _ in 0..LINES {
        let text = stage.seed.text("do you hear me");
        stage.sends_bytes(carol, format!("{text}\n").as_bytes());
        let said = Pattern::exactly(format!("[lobby] {carol}: {text}"));
        let heard = stage.hears_at_last(carol, &said);
        heard.map_err(|failure| failure.reclassified(&[&class::SILENT], &class::STALLED))?;
        thread::park_timeout(LOOK);
    }
    alice.goes_on(stage);
    party.is_received(&name)?;
    party.has_received(&name, &bytes)
}

/// Two users with the learner's client, a peer, and files to send.
struct Party<'a, 'b> {
    stage: &'a mut Stage<'b>,
    /// The sender.
    alice: Visitor,
    /// The receiver.
    bob: Visitor,
    /// The name of the peer.
    carol: String,
    /// A folder for each file to send, so that two files can have the same name.
    files: Vec<Folder>,
}

impl<'a, 'b> Party<'a, 'b> {
    fn new(stage: &'a mut Stage<'b>, client: &Launch) -> Result<Self, Failure> {
        let [alice, bob, carol] = stage.names();
        stage.enter_all(std::slice::from_ref(&carol))?;
        let alice = Visitor::enters(stage, client, &alice)?;
        let bob = Visitor::enters(stage, client, &bob)?;
        let (one, other) = (&alice.name, &bob.name);
        stage.restarts_transcript(&format!(
            "({one} and {other} use your client; {carol} is a plain connection)"
        ));
        Ok(Self { stage, alice, bob, carol, files: Vec::new() })
    }

    fn word(&mut self) -> String {
        self.stage.seed.token()
    }

    /// Random bytes that repeat only after a prime number of bytes, so that a missing or moved piece is found.
    fn bytes(&mut self, length: usize) -> Vec<u8> {
        const PERIOD: usize = 65_521;
        let mut random = || u8::try_from(self.stage.seed.below(256)).expect("it is below 256");
        let piece: Vec<_> = (0..PERIOD.min(length)).map(|_| random()).collect();
        piece.iter().copied().cycle().take(length).collect()
    }

    /// Creates a file and lets alice offer it to bob.
    fn types_offer(&mut self, name: &str, bytes: &[u8]) -> Outcome {
        let folder = Folder::new().map_err(cannot_run)?;
        let path = folder.path().join(name);
        fs::write(&path, bytes).map_err(cannot_run)?;
        self.files.push(folder);
        self.alice.types(self.stage, &format!("/sendfile {} {}", self.bob.name, path.display()));
        Ok(())
    }

    /// Lets alice offer bob a file and expects bob to see the offer. The part `shown` of the name counts.
    fn sends(&mut self, name: &str, bytes: &[u8], shown: &str) -> Outcome {
        self.types_offer(name, bytes)?;
        let from = &self.alice.name;
        let request =
            format!("[FILE REQUEST] {from} wants to send …{shown} (…). Type /acceptfile or /rejectfile.");
        let due = Pattern::with(request, &["FILE REQUEST", from, "wants to send", shown]);
        let is_other = |line: &str| line.contains("FILE REQUEST");
        self.bob.awaits(self.stage.rules.patience, self.stage, &due, &class::NOT_SHOWN, is_other)
    }

    fn accepts(&mut self, shown: &str) -> Outcome {
        self.bob.types(self.stage, "/acceptfile");
        self.is_received(shown)
    }

    /// Expects alice to be told that bob has received the file.
    fn is_received(&mut self, shown: &str) -> Outcome {
        let who = &self.bob.name;
        let told = Pattern::with(format!("{who} has received '…{shown}'."), &[who, "received", shown]);
        self.alice.is_shown(self.stage, &told, &class::NOT_ARRIVED)
    }

    fn exchanges(&mut self, name: &str, bytes: &[u8]) -> Outcome {
        self.sends(name, bytes, name)?;
        self.accepts(name)
    }

    /// Expects the file in bob's folder, complete and under this name.
    fn has_received(&self, name: &str, bytes: &[u8]) -> Outcome {
        self.finds(name, bytes, |folder| fs::read(folder.join(name)).is_ok_and(|came| came == bytes))
    }

    /// Waits until a file is in bob's folder. The failure says that it has this name and these contents.
    fn finds(&self, name: &str, bytes: &[u8], is_there: impl Fn(&Path) -> bool) -> Outcome {
        let folder = self.bob.downloads.path();
        let deadline = Instant::now() + self.stage.rules.patience;
        while !is_there(folder) {
            if Instant::now() >= deadline {
                return Err(not_arrived(folder, name, bytes));
            }
            thread::park_timeout(LOOK);
        }
        Ok(())
    }
}

/// Whether a file that is not hidden has these contents.
fn has(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let is_plain = !is_hidden && entry.file_type().is_ok_and(|kind| kind.is_file());
        is_plain && fs::read(entry.path()).is_ok_and(|came| came == bytes)
    })
}

fn not_arrived(folder: &Path, name: &str, bytes: &[u8]) -> Failure {
    let expected = format!("in $CHAT_DOWNLOADS: {name} ({} bytes, the same as sent)", bytes.len());
    let failure = Failure::new(&class::NOT_ARRIVED, expected, listing(folder));
    match fs::read(folder.join(name)).map(|came| came.iter().zip(bytes).position(|(came, sent)| came != sent))
    {
        Ok(Some(at)) => failure.note(format!("The files differ from byte {at} on.")),
        _ => failure,
    }
}

/// All entries of a folder, also hidden ones.
fn listing(folder: &Path) -> String {
    let mut entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    let told = entries.iter().map(|entry| {
        let length = entry.metadata().map(|data| data.len()).unwrap_or_default();
        format!("{} ({length} bytes)", entry.file_name().display())
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() { "(an empty folder)".to_owned() } else { told.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_two_files_of_one_name_is_not_replaced() {
        let folder = Folder::new().unwrap();
        let judged =
            || both_are_there(folder.path(), "x", b"one", b"two").err().map(|error| error.class.name);
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("x", "one");
        assert_eq!(judged(), Some("not-arrived"));
        write(".x (1)", "two");
        assert_eq!(judged(), Some("not-arrived"), "hidden");
        write("x (1)", "two");
        assert_eq!(judged(), None);
        write("x", "two");
        write("x.bak", "one");
        assert_eq!(judged(), Some("overwritten"));
    }

    #[test]
    fn a_verdict_says_where_a_received_file_is_wrong() {
        let folder = Folder::new().unwrap();
        assert_eq!(not_arrived(folder.path(), "x", b"abc").received, "(an empty folder)");
        fs::write(folder.path().join("x"), "abd").unwrap();
        let failure = not_arrived(folder.path(), "x", b"abc");
        assert_eq!(failure.received, "x (3 bytes)");
        assert_eq!(failure.notes, ["The files differ from byte 2 on."]);
    }
}
