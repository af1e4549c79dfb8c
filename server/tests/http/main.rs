//! The server as its clients and the server SDKs see it: real connections, byte for byte.

mod archive_files;
mod archives;
mod caller;
#[cfg(unix)]
mod command_line;
#[cfg(unix)]
mod command_line_secrets;
mod create;
mod listener;
mod logs;
mod member;
mod moderation;
mod projects;
mod rest;
mod session_info;
mod streams;
mod support;
