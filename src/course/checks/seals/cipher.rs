//! The other end of a seal, written from the page of the step and not from the client.

use std::array;

use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral},
    digest::{SHA256, digest},
    hkdf::{HKDF_SHA256, Prk, Salt},
    rand::SystemRandom,
};

use crate::course::pages::Page;

const LABEL: &[u8] = b"chat sealed whispers 1";

/// A pair of keys of the grader.
pub(super) struct Half {
    secret: EphemeralPrivateKey,
    pub(super) key: Vec<u8>,
}

/// One end of a seal.
pub(super) struct End {
    outgoing: LessSafeKey,
    incoming: LessSafeKey,
    /// The number of the next part that the grader seals.
    next: u64,
    pub(super) words: String,
}

/// What a part holds.
pub(super) struct Part {
    pub(super) number: u64,
    pub(super) is_first: bool,
    pub(super) is_last: bool,
    pub(super) text: Vec<u8>,
}

/// Which side has asked for the seal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    ByGrader,
    ByClient,
}

impl Half {
    pub(super) fn new() -> Self {
        let secret = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).expect("random numbers");
        let key = secret.compute_public_key().expect("the key of a secret").as_ref().to_vec();
        Self { secret, key }
    }

    /// Makes the seal with the client's key; `None` if that is no key. `names` are the asking user and the other.
    pub(super) fn agree(self, theirs: &[u8], names: [&str; 2], asked: Asked) -> Option<End> {
        let keys = if asked == Asked::ByGrader { [&self.key, theirs] } else { [theirs, &self.key] };
        let transcript = [names[0].as_bytes(), b"\0", names[1].as_bytes(), b"\0", keys[0], keys[1]].concat();
        let theirs = UnparsedPublicKey::new(&X25519, theirs);
        let secret =
            agree_ephemeral(self.secret, &theirs, |shared| Salt::new(HKDF_SHA256, LABEL).extract(shared));
        let secret = secret.ok()?;
        let asking = cipher(&derived(&secret, b"from the one who hails", &transcript));
        let asked_one = cipher(&derived(&secret, b"to the one who hails", &transcript));
        let words = words(&derived(&secret, b"words", &transcript)[..6]);
        let [outgoing, incoming] =
            if asked == Asked::ByGrader { [asking, asked_one] } else { [asked_one, asking] };
        Some(End { outgoing, incoming, next: 0, words })
    }
}

impl End {
    /// Seals a text in one part.
    pub(super) fn seal(&mut self, text: &str) -> Vec<u8> {
        let number = self.next;
        self.next += 1;
        let mut content = [&[3], text.as_bytes()].concat();
        let sealed = self.outgoing.seal_in_place_append_tag(nonce(number), Aad::empty(), &mut content);
        sealed.expect("it is short");
        [&number.to_be_bytes()[..], &content].concat()
    }

    /// Opens a part; `None` if it was not sealed with this seal.
    pub(super) fn open(&self, part: &[u8]) -> Option<Part> {
        let (number, content) = part.split_first_chunk()?;
        let (number, mut content) = (u64::from_be_bytes(*number), content.to_vec());
        let opened = self.incoming.open_in_place(nonce(number), Aad::empty(), &mut content).ok()?;
        let (&mut place, text) = opened.split_first_mut()?;
        Some(Part { number, is_first: place & 1 > 0, is_last: place & 2 > 0, text: text.to_vec() })
    }
}

/// The hash that comes before a key.
pub(super) fn hash(key: &[u8]) -> Vec<u8> {
    digest(&SHA256, &[LABEL, key].concat()).as_ref().to_vec()
}

fn derived(secret: &Prk, purpose: &[u8], transcript: &[u8]) -> [u8; 32] {
    let mut derived = [0; 32];
    let info = [LABEL, b"\0", purpose, b"\0", transcript];
    // A shorter secret is the beginning of a longer one.
    let filled = secret.expand(&info, HKDF_SHA256).and_then(|okm| okm.fill(&mut derived));
    filled.expect("a hash is short enough");
    derived
}

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).expect("it takes 32 bytes"))
}

fn nonce(number: u64) -> Nonce {
    let number = number.to_be_bytes();
    Nonce::assume_unique_for_key(array::from_fn(|at| if at < 4 { 0 } else { number[at - 4] }))
}

/// The words of these bytes, from the list on the page.
fn words(bytes: &[u8]) -> String {
    let list: Vec<_> =
        Page::of(35).and_then(|page| page.block("words")).unwrap_or_default().split_whitespace().collect();
    let words = bytes.iter().filter_map(|byte| list.get(usize::from(*byte)).copied());
    words.collect::<Vec<_>>().join(" ")
}
