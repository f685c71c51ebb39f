//! The man pages and the shells' completions of all programs, made from their command lines.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Arg, ArgMatches, Args, Command, CommandFactory, FromArgMatches, error::ErrorKind, value_parser};
use clap_complete::Shell;

/// What `--generate` asks for, if it is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generate(Option<(Kind, PathBuf)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Man,
    Completions(Shell),
}

const KINDS: [(&str, Kind); 4] = [
    ("man", Kind::Man),
    ("bash", Kind::Completions(Shell::Bash)),
    ("zsh", Kind::Completions(Shell::Zsh)),
    ("fish", Kind::Completions(Shell::Fish)),
];

impl Generate {
    /// Writes the files of a program under the names that the system expects. `None` if nothing is asked for.
    pub fn write<Program: CommandFactory>(&self) -> Option<io::Result<()>> {
        let (kind, folder) = self.0.as_ref()?;
        let written = write(Program::command(), *kind, folder);
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("cannot write to {}: {error}", folder.display()))
        };
        Some(written.map_err(named))
    }
}

fn write(mut command: Command, kind: Kind, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    match kind {
        Kind::Man => clap_mangen::generate_to(command, folder),
        Kind::Completions(shell) => {
            let name = command.get_name().to_owned();
            clap_complete::generate_to(shell, &mut command, name, folder).map(drop)
        }
    }
}

impl Args for Generate {
    fn augment_args(command: Command) -> Command {
        let option = Arg::new("generate")
            .long("generate")
            .num_args(2)
            .value_names(["KIND", "DIR"])
            .value_parser(value_parser!(OsString))
            .help("Write the man page or a shell's completions into DIR; KIND is man, bash, zsh or fish")
            .hide_short_help(true)
            .help_heading("Installation");
        command.arg(option)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Generate {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut values = matches.get_many::<OsString>("generate").into_iter().flatten();
        let (Some(kind), Some(folder)) = (values.next(), values.next()) else { return Ok(Self::default()) };
        let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == kind) else {
            let words = "--generate writes man, bash, zsh or fish";
            return Err(clap::Error::raw(ErrorKind::InvalidValue, words));
        };
        Ok(Self(Some((*kind, folder.into()))))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, clap::Parser)]
    #[command(name = "chat_test")]
    struct Program {
        #[command(flatten)]
        generate: Generate,
    }

    fn read(arguments: &[&str]) -> Result<Generate, clap::Error> {
        let all = ["chat_test"].iter().chain(arguments);
        <Program as clap::Parser>::try_parse_from(all).map(|program| program.generate)
    }

    #[test]
    fn each_file_has_the_name_that_the_system_expects() {
        let folder = tempfile::tempdir().unwrap();
        for (kind, name) in [
            ("man", "chat_test.1"),
            ("bash", "chat_test.bash"),
            ("zsh", "_chat_test"),
            ("fish", "chat_test.fish"),
        ] {
            let new = folder.path().join("new/folder");
            read(&["--generate", kind, new.to_str().unwrap()]).unwrap().write::<Program>().unwrap().unwrap();
            let text = fs::read_to_string(new.join(name)).unwrap();
            assert!(text.contains("generate"), "{kind}: {text}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_created_is_named() {
        let generate = read(&["--generate", "man", "/dev/null/man1"]).unwrap();
        let error = generate.write::<Program>().unwrap().unwrap_err();
        assert!(error.to_string().starts_with("cannot write to /dev/null/man1: "), "{error}");
    }

    #[test]
    fn another_kind_and_a_missing_folder_are_usage_errors() {
        assert_eq!(read(&[]).unwrap(), Generate::default());
        assert!(
            read(&["--generate", "pdf", "."]).unwrap_err().to_string().contains("man, bash, zsh or fish")
        );
        assert_eq!(read(&["--generate", "man"]).unwrap_err().exit_code(), 2);
    }
}
