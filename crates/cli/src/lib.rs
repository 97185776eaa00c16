//! The `refroots` command as a library: arguments, subcommands, exit codes.
