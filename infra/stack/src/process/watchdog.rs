//! Ends the processes of a test when the test ends, however it ends. A child asked for the
//! kernel's parent-death signal would die with the *thread* that started it, and test threads come
//! and go; so a small shell waits for the end of a pipe that only this process holds open.

use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use crate::error::{Doing, Result};

/// Reads `add GROUP` and `drop GROUP`; at the end of input kills what was not dropped and removes
/// the folders it was given.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
groups=' '
while read -r order group; do
  case $order in
    add) groups="$groups$group " ;;
    drop) groups="${groups%% $group *} ${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -KILL "-$group"; done 2>/dev/null
tries=0
while ! rm -rf -- "$@" 2>/dev/null && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
"#;

pub struct Watchdog {
    shell: Child,
    orders: Mutex<Option<ChildStdin>>,
}

impl Watchdog {
    /// # Errors
    /// When there is no shell to start.
    pub fn start(folders: &[&Path]) -> Result<Self> {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "orderfold-watchdog"])
            .args(folders)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .doing(|| "start `sh` to watch over the servers of the tests".to_owned())?;
        let orders = Mutex::new(shell.stdin.take());
        Ok(Self { shell, orders })
    }

    pub fn watch(&self, group: u32) {
        self.order("add", group);
    }

    pub fn forget(&self, group: u32) {
        self.order("drop", group);
    }

    fn order(&self, order: &str, group: u32) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(orders) = orders.as_mut() {
            // Somebody killed the shell: the processes are then ended by their owner's Drop alone.
            let _ = writeln!(orders, "{order} {group}");
        }
    }

    /// Ends everything watched now, and waits until it is done.
    pub fn end(&mut self) {
        drop(
            self.orders
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let _ = self.shell.wait();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.end();
    }
}
