//! A chat client that seals whispers, for the faults of step 35. It reads and prints whole lines.

use std::{
    collections::HashMap,
    error::Error,
    io::{self, BufRead, BufReader, Write},
    net::TcpStream,
    sync::{Arc, Mutex},
    thread,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral},
    digest::{SHA256, digest},
    error::Unspecified,
    hkdf::{HKDF_SHA256, Prk, Salt},
    rand::SystemRandom,
};

use crate::fault::is;

const LABEL: &[u8] = b"chat sealed whispers 1";

/// The most bytes of text in a part.
const PIECE: usize = 700;

/// What there is between the user and another.
enum State {
    Asked(Half),
    Answered(Half, Vec<u8>),
    Sealed(Box<Seal>),
    Doubtful(Vec<u8>),
}

struct Half {
    secret: EphemeralPrivateKey,
    key: Vec<u8>,
}

struct Seal {
    outgoing: LessSafeKey,
    incoming: LessSafeKey,
    sent: u64,
    next: u64,
    text: Vec<u8>,
}

struct Client {
    server: TcpStream,
    me: String,
    states: HashMap<String, State>,
}

/// Connects, and chats until the input or the server ends.
pub(crate) fn run(port: u16) -> Result<(), Box<dyn Error>> {
    let server = TcpStream::connect(("127.0.0.1", port))?;
    let lines = BufReader::new(server.try_clone()?).lines();
    let client = Client { server, me: String::new(), states: HashMap::new() };
    let client = Arc::new(Mutex::new(client));
    let typing = Arc::clone(&client);
    thread::Builder::new().name("typing".to_owned()).spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            let typed = typing.lock().expect("no thread panics").typed(&line);
            show(&typed.unwrap_or_else(|error| error.to_string()));
        }
    })?;
    for line in lines {
        let heard = client.lock().expect("no thread panics").heard(&line?);
        show(&heard.unwrap_or_else(|error| error.to_string()));
    }
    Ok(())
}

fn show(line: &str) {
    if !line.is_empty() {
        // If the output is closed, the user is gone.
        let _ = writeln!(io::stdout(), "{line}");
    }
}

impl Client {
    /// Carries out a typed line. Returns what to show.
    fn typed(&mut self, line: &str) -> Result<String, Box<dyn Error>> {
        if let Some(peer) = line.strip_prefix("/seal ") {
            if let Some(State::Doubtful(hash)) = self.states.remove(peer) {
                return self.answer(peer, hash);
            }
            let half = Half::new()?;
            self.send(peer, "hail", &hash(&half.key))?;
            self.states.insert(peer.to_owned(), State::Asked(half));
        } else if let Some((peer, text)) =
            line.strip_prefix("/whisper ").and_then(|rest| rest.split_once(' '))
        {
            return self.whisper(peer, text);
        } else {
            writeln!(self.server, "{line}")?;
        }
        Ok(String::new())
    }

    fn whisper(&mut self, peer: &str, text: &str) -> Result<String, Box<dyn Error>> {
        let Some(State::Sealed(seal)) = self.states.get_mut(peer) else {
            if self.states.contains_key(peer) && !is("clear-meanwhile") {
                return Ok(format!("Not sent: there is no seal with {peer} now."));
            }
            writeln!(self.server, "/whisper {peer} {text}")?;
            return Ok(String::new());
        };
        let pieces: Vec<_> = text.as_bytes().chunks(PIECE).collect();
        let mut parts = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            let place = u8::from(at == 0) | u8::from(at + 1 == pieces.len()) << 1;
            let mut content = [&[place], *piece].concat();
            seal.outgoing
                .seal_in_place_append_tag(nonce(seal.sent), Aad::empty(), &mut content)
                .map_err(failed)?;
            parts.push([&seal.sent.to_be_bytes()[..], &content].concat());
            seal.sent += 1;
        }
        for part in parts {
            self.send(peer, "text", &part)?;
        }
        Ok(format!("[Sealed whisper to {peer}]: {text}"))
    }

    /// Takes a line from the server. Returns what to show.
    fn heard(&mut self, line: &str) -> Result<String, Box<dyn Error>> {
        if let Some((_, name)) = line.split_once("Your nickname is '") {
            name.split('\'').next().unwrap_or_default().clone_into(&mut self.me);
        }
        let Some((peer, message)) =
            line.strip_prefix("[Whisper from ").and_then(|rest| rest.split_once("]: seal1 "))
        else {
            return Ok(if line.contains("]: seal1 ") { String::new() } else { line.to_owned() });
        };
        let (kind, data) = message.split_once(' ').unwrap_or((message, ""));
        let data = URL_SAFE_NO_PAD.decode(data.split(' ').next().unwrap_or_default())?;
        match (kind, self.states.remove(peer)) {
            ("hail", Some(State::Sealed(_) | State::Doubtful(_))) if !is("key-believed") => {
                self.states.insert(peer.to_owned(), State::Doubtful(data));
                Ok(format!("WARNING! {peer} has another key. Use /seal {peer} to accept it."))
            }
            ("hail", _) => self.answer(peer, data),
            ("key", Some(State::Asked(half))) => {
                let ours = half.key.clone();
                let shown = self.agree(peer, half, &data, true)?;
                self.send(peer, "open", &ours)?;
                Ok(shown)
            }
            ("open", Some(State::Answered(half, announced))) if hash(&data) == announced => {
                self.agree(peer, half, &data, false)
            }
            ("text", Some(State::Sealed(mut seal))) => {
                let shown = seal.open(peer, &data);
                self.states.insert(peer.to_owned(), State::Sealed(seal));
                Ok(shown)
            }
            _ => Ok(format!("Seal with {peer}: '{kind}' was not expected.")),
        }
    }

    fn answer(&mut self, peer: &str, hash: Vec<u8>) -> Result<String, Box<dyn Error>> {
        let half = Half::new()?;
        self.send(peer, "key", &half.key)?;
        self.states.insert(peer.to_owned(), State::Answered(half, hash));
        Ok(String::new())
    }

    fn agree(
        &mut self,
        peer: &str,
        half: Half,
        theirs: &[u8],
        asked: bool,
    ) -> Result<String, Box<dyn Error>> {
        let ours = half.key.clone();
        let mut sides = [(self.me.as_bytes(), &ours[..]), (peer.as_bytes(), theirs)];
        if !asked {
            sides.reverse();
        }
        let [(first, first_key), (second, second_key)] = sides;
        let names = if is("names-unbound") { Vec::new() } else { [first, b"\0", second, b"\0"].concat() };
        let transcript = [&names[..], first_key, second_key].concat();
        let theirs = UnparsedPublicKey::new(&X25519, theirs);
        let extract = |shared: &[u8]| Salt::new(HKDF_SHA256, LABEL).extract(shared);
        let secret = agree_ephemeral(half.secret, &theirs, extract).map_err(failed)?;
        let derive = |purpose: &[u8]| derived(&secret, purpose, &transcript).map_err(failed);
        let mut keys = [derive(b"from the one who hails")?, derive(b"to the one who hails")?];
        if !asked {
            keys.reverse();
        }
        let [outgoing, incoming] =
            keys.map(|key| UnboundKey::new(&CHACHA20_POLY1305, &key).map(LessSafeKey::new));
        let (outgoing, incoming) = (outgoing.map_err(failed)?, incoming.map_err(failed)?);
        let seal = Seal { outgoing, incoming, sent: 0, next: 0, text: Vec::new() };
        self.states.insert(peer.to_owned(), State::Sealed(Box::new(seal)));
        Ok(format!("Seal with {peer}: ready. Its words are: {}.", words(&derive(b"words")?[..6])))
    }

    fn send(&mut self, peer: &str, kind: &str, data: &[u8]) -> io::Result<()> {
        let line = format!("/whisper {peer} seal1 {kind} {}\n", URL_SAFE_NO_PAD.encode(data));
        self.server.write_all(line.as_bytes())
    }
}

impl Half {
    fn new() -> Result<Self, Box<dyn Error>> {
        let secret = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).map_err(failed)?;
        let key = secret.compute_public_key().map_err(failed)?.as_ref().to_vec();
        Ok(Self { secret, key })
    }
}

impl Seal {
    /// Opens a part. Returns what to show.
    fn open(&mut self, peer: &str, part: &[u8]) -> String {
        let refused = format!("Seal with {peer}: a whisper was changed or repeated.");
        let Some((number, content)) = part.split_first_chunk() else { return refused };
        let (number, mut content) = (u64::from_be_bytes(*number), content.to_vec());
        let opened = self.incoming.open_in_place(nonce(number), Aad::empty(), &mut content);
        let Ok(Some((&mut place, piece))) = opened.map(|opened| opened.split_first_mut()) else {
            return refused;
        };
        if number < self.next && !is("replay-shown") {
            return refused;
        }
        self.next = number + 1;
        self.text.extend_from_slice(piece);
        if place & 2 == 0 {
            return String::new();
        }
        let text = std::mem::take(&mut self.text);
        format!("[Sealed whisper from {peer}]: {}", String::from_utf8_lossy(&text))
    }
}

fn hash(key: &[u8]) -> Vec<u8> {
    digest(&SHA256, &[LABEL, key].concat()).as_ref().to_vec()
}

fn derived(secret: &Prk, purpose: &[u8], transcript: &[u8]) -> Result<[u8; 32], Unspecified> {
    let mut derived = [0; 32];
    let info = [LABEL, b"\0", purpose, b"\0", transcript];
    secret.expand(&info, HKDF_SHA256)?.fill(&mut derived)?;
    Ok(derived)
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

fn words(bytes: &[u8]) -> String {
    let page = include_str!("../../challenges.md");
    let list = page.split_once("```words\n").and_then(|(_, rest)| rest.split_once("```"));
    let list: Vec<_> = list.map_or("", |(list, _)| list).split_whitespace().collect();
    bytes.iter().map(|byte| list[usize::from(*byte)]).collect::<Vec<_>>().join(" ")
}

fn failed(_: Unspecified) -> Box<dyn Error> {
    "the cipher refuses".into()
}
