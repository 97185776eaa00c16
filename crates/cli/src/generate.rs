//! What is generated from the command's definition: completions for shells, manual pages.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::definition;
use crate::{Error, Exit, write_atomically};

/// Writes what a shell reads to complete command lines.
pub(crate) fn completions(shell: Shell, stdout: &mut dyn Write) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definition(), "refroots", &mut script);
    stdout.write_all(&script).map_err(Error::Stdout)?;
    Ok(Exit::Done)
}

/// Writes a manual page for each command into a folder, which is made where it is missing; or the main one.
pub(crate) fn manual(folder: Option<&Path>, stdout: &mut dyn Write, stderr: &mut dyn Write) -> Result<Exit, Error> {
    let mut command = definition().disable_help_subcommand(true);
    command.build();
    let Some(folder) = folder else {
        stdout.write_all(&page(command).map_err(Error::Stdout)?).map_err(Error::Stdout)?;
        return Ok(Exit::Done);
    };
    fs::create_dir_all(folder).map_err(|source| Error::Write { path: folder.to_owned(), source })?;
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let mut pages = vec![("refroots.1".to_owned(), command.clone())];
    for name in names {
        if let Some(sub) = command.find_subcommand(&name) {
            pages.push((format!("refroots-{name}.1"), sub.clone()));
        }
    }
    let count = pages.len();
    for (name, command) in pages {
        let path = folder.join(name);
        let written = page(command).map_err(|source| Error::Write { path: path.clone(), source })?;
        write_atomically(&path, &written)?;
    }
    // The pages are there; nobody to tell is no error.
    let _ = writeln!(stderr, "{}: {count} pages; read one with man -l", folder.display());
    Ok(Exit::Done)
}

fn page(command: clap::Command) -> io::Result<Vec<u8>> {
    let mut written = Vec::new();
    Man::new(command).render(&mut written)?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_and_is_completed() {
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().join("man");
        assert_eq!(manual(Some(&into), &mut Vec::new(), &mut Vec::new()).unwrap(), Exit::Done);
        let mut script = Vec::new();
        completions(Shell::Bash, &mut script).unwrap();
        let script = String::from_utf8(script).unwrap();
        for command in definition().get_subcommands() {
            let name = command.get_name();
            let page = fs::read_to_string(into.join(format!("refroots-{name}.1"))).unwrap();
            assert!(page.contains("Examples:") && page.contains(".SH SYNOPSIS"), "{page}");
            assert!(script.contains(name), "{name}");
        }
        let mut main_page = Vec::new();
        manual(None, &mut main_page, &mut Vec::new()).unwrap();
        assert_eq!(fs::read(into.join("refroots.1")).unwrap(), main_page);
    }
}
