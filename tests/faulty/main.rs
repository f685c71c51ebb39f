//! A chat server or client with one fault: `faulty NAME --port N`. Without a name, it shows the gallery of faults.

use std::{env, error::Error, io};

mod bots;
mod broadcaster;
mod chat;
mod datagrams;
mod fault;
mod frames;
mod history;
mod json;
mod lines;
mod log;
mod names;
mod sealed;
mod server;
mod session;

fn main() -> Result<(), Box<dyn Error>> {
    match env::args().nth(1) {
        Some(name) if fault::choose(&name) && fault::is_of_client(&name) => sealed::run(port()),
        Some(_) if fault::is_chosen() => server::run(port()),
        Some(name) => Err(format!("there is no fault '{name}'; without a name, the gallery is shown").into()),
        None => Ok(show_gallery(&mut io::stdout())?),
    }
}

fn show_gallery(out: &mut impl io::Write) -> io::Result<()> {
    for fault::Fault { name, step, symptom } in fault::gallery() {
        writeln!(out, "{name:22} step {step:>2}  {symptom}")?;
    }
    Ok(())
}

/// `--port N`, or else `$CHAT_PORT`, or else 5555.
fn port() -> u16 {
    let typed = env::args().skip_while(|word| word != "--port").nth(1);
    typed.or_else(|| env::var("CHAT_PORT").ok()).and_then(|port| port.parse().ok()).unwrap_or(5555)
}
