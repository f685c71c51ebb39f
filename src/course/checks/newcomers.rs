//! Checks the names of new clients.

use crate::course::{
    class,
    conversation::Pattern,
    failure::Failure,
    stage::{Outcome, Stage},
};

pub(super) fn fresh_names(stage: &mut Stage<'_>) -> Outcome {
    let mut present = Vec::new();
    for who in ["alice", "bob", "carol"] {
        present.push((who, arrives(stage, who)?));
    }
    stage.closes_in_turn("alice");
    present.remove(0);
    // Two clients, because a server may hang up on alice before it removes her.
    for who in ["dave", "erin"] {
        let name = arrives(stage, who)?;
        if let Some((owner, _)) = present.iter().find(|(_, taken)| *taken == name) {
            let received = format!("{name}, which is {owner}'s name");
            return Err(Failure::new(&class::DOUBLE, format!("an unused name for {who}"), received));
        }
        present.push((who, name));
    }
    Ok(())
}

/// Connects a client and returns the name in its welcome.
fn arrives(stage: &mut Stage<'_>, who: &str) -> Result<String, Failure> {
    stage.connects_in_turn(who)?;
    let welcome = "Welcome! Your nickname is 'guest_…'. Use /nick <name> to change it.";
    stage.hears(who, &Pattern::with(welcome, &["Welcome", "guest_"]))?;
    let heard = stage.transcript.last_heard_by(who).unwrap_or_default();
    let at = heard.find("guest_").unwrap_or(heard.len());
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    Ok(heard[at..].chars().take_while(|c| is_of_name(*c)).collect())
}
