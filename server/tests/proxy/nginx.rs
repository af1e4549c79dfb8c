//! An nginx of the test's own: on a port that the system gives, with all its files in one folder.

use crate::DEADLINE;
use crate::authority::Authority;
use crate::document::{block, replaced};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub(crate) struct Nginx {
    pub(crate) address: SocketAddr,
    folder: PathBuf,
    child: Child,
}

impl Nginx {
    /// With what the documentation has it do, before the server at `server`.
    pub(crate) fn start(authority: &Authority, server: &str) -> Self {
        let program = program();
        let folder = authority.folder.join("nginx");
        fs::create_dir_all(&folder).expect("our folder");
        let files = authority.issue();
        // nginx is handed the socket: nobody else can take its port.
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        fcntl_setfd(&listener, FdFlags::empty()).expect("our socket");
        let site = replaced(
            block("nginx"),
            &[
                ("listen 443 ssl;", &format!("listen {address} ssl;")),
                ("server_name calls.example.org;", "server_name 127.0.0.1;"),
                ("/etc/ssl/calls.example.org/fullchain.pem", files.cert.to_str().expect("text")),
                ("/etc/ssl/calls.example.org/privkey.pem", files.key.to_str().expect("text")),
                ("server 127.0.0.1:8080;", &format!("server {server};")),
            ],
        );
        let config = folder.join("nginx.conf");
        fs::write(&config, whole(&site, &folder)).expect("our folder");
        let child = Command::new(program)
            .args(["-e", "error.log", "-p", folder.to_str().expect("text"), "-c", "nginx.conf"])
            .env("NGINX", format!("{};", listener.as_raw_fd()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx");
        // The socket takes connections already, which wait until nginx looks at them.
        Self { address, folder, child }
    }

    /// What it complains of.
    pub(crate) fn errors(&self) -> String {
        fs::read_to_string(self.folder.join("error.log")).unwrap_or_default()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("our child").is_some()
    }

    /// Ends it; a line for each request: the client, its id, the status.
    pub(crate) fn stop(mut self) -> String {
        kill_process(Pid::from_child(&self.child), Signal::QUIT).expect("our child");
        self.child.wait().expect("our child");
        fs::read_to_string(self.folder.join("access.log")).expect("its log")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

/// Debian puts it where not everybody's PATH leads.
fn program() -> PathBuf {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/usr/local/sbin"]);
    let found = folders.map(|folder| Path::new(folder).join("nginx")).find(|file| file.is_file());
    found.expect("nginx is missing: install it (on Debian: apt-get install nginx-light), or run `make setup`")
}

/// The site within all that nginx wants, by a user who need not be root.
fn whole(site: &str, folder: &Path) -> String {
    let folder = folder.to_str().expect("text");
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("    {name}_temp_path {folder}/{name};\n"))
        .concat();
    format!(
        "daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n\
         events {{ worker_connections 256; }}\n\
         http {{\n{temporary}    log_format ids '$remote_addr $request_id $status';\n    access_log {folder}/access.log ids;\n{site}\n}}\n"
    )
}

/// Whatever must become true within the time that things may take.
pub(crate) fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !is_true() {
        assert!(start.elapsed() < DEADLINE, "{what}");
        std::thread::yield_now();
    }
}
