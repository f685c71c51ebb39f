//! Commands of clients whose programs wait for the answers, as over HTTP.

use super::{Registry, apply_burst, state::Task};
use crate::{
    broadcaster::{Encoded, Sink},
    command::Command,
    dialect::Dialect,
    event::Event,
    names::ClientId,
};

impl Registry {
    /// From now on, a client hears everything through this sink, in this dialect, and `first` before everything else.
    /// What it was told before goes through the sink that it had.
    pub fn attach(&self, client: ClientId, dialect: Dialect, sink: &mut Option<Box<dyn Sink>>, first: &[u8]) {
        let _one_at_a_time = self.wait_in_line();
        self.decide(|state, turn| state.attach(turn, client, dialect, sink, first));
    }

    /// Applies one command of a client whose program waits for the answers. Returns them: what the client alone is
    /// told, and the line that it says. Refusals and long answers are told in no other way.
    pub fn ask(&self, client: ClientId, command: Command) -> Vec<Event> {
        let one_at_a_time = command.can_wait().then(|| self.wait_in_line());
        let (mut answers, mut command) = (Vec::new(), std::iter::once(command));
        let mut next = self.decide(|state, turn| {
            let _ = apply_burst(state, turn, client, &mut command);
            turn.take_answers(client, &mut answers);
            turn.task.take()
        });
        drop(one_at_a_time);
        while let Some(task) = next {
            if let Task::Encode(event, _) = *task {
                self.backstage.in_turn(|| answers.push(event));
                break;
            }
            let Some(resumption) = self.backstage.perform(*task, &|_| Encoded::verbatim(b"")) else { break };
            next = self.decide(|state, turn| {
                state.resume(turn, client, resumption);
                turn.take_answers(client, &mut answers);
                turn.task.take()
            });
        }
        answers
    }
}
