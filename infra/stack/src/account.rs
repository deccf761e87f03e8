//! Which account PostgreSQL runs as (it refuses root), and whether that account can get at a
//! folder.

use std::{
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::error::{Doing, Result, StackError};

/// Folders that only root can make entries in, for when the wanted one is closed to the account.
const OPEN_CACHE: &str = "/var/cache/orderfold";
const OPEN_DATA: &str = "/var/lib/orderfold";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// The account for servers that refuse root; `None` when this process is not root anyway.
    ///
    /// # Errors
    /// When this is root and the system has no account `nobody`.
    pub fn unprivileged() -> Result<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let users =
            std::fs::read_to_string("/etc/passwd").doing(|| "read /etc/passwd".to_owned())?;
        let nobody = users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let is_nobody = fields.next() == Some("nobody");
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            is_nobody.then_some(Self { uid, gid })
        });
        nobody.map(Some).ok_or_else(|| StackError::Missing {
            what: "an account for PostgreSQL".to_owned(),
            why: "it refuses to run as root, and /etc/passwd has no user `nobody`".to_owned(),
            advice: "Run this as an ordinary user.".to_owned(),
        })
    }

    /// Asked of the system itself, as that account: permissions, lists and mounts all count.
    #[must_use]
    pub fn can_enter(self, folder: &Path) -> bool {
        Command::new("test")
            .arg("-x")
            .arg(folder)
            .uid(self.uid)
            .gid(self.gid)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// # Errors
    /// When the system refuses.
    pub fn own(self, folder: &Path) -> Result<()> {
        std::os::unix::fs::chown(folder, Some(self.uid), Some(self.gid))
            .doing(|| format!("give {} to uid {}", folder.display(), self.uid))
    }
}

/// Makes `wanted`, or a place open to `account` where `wanted` lies in a closed folder.
///
/// # Errors
/// When neither can be made.
pub fn cache_folder(account: Option<Account>, wanted: PathBuf) -> Result<PathBuf> {
    make_open(&wanted)?;
    if account.is_none_or(|account| account.can_enter(&wanted)) {
        return Ok(wanted);
    }
    let open = PathBuf::from(OPEN_CACHE);
    make_open(&open)?;
    Ok(open)
}

/// The place for one server's data: `wanted`, or one named after it that `account` can reach.
///
/// # Errors
/// When neither can be made.
pub fn data_folder(account: Option<Account>, wanted: &Path) -> Result<PathBuf> {
    let Some(account) = account else {
        return Ok(wanted.to_owned());
    };
    let parent = wanted.parent().unwrap_or(wanted);
    make_open(parent)?;
    if account.can_enter(parent) {
        return Ok(wanted.to_owned());
    }
    let named = wanted.to_string_lossy().trim_matches('/').replace('/', "-");
    make_open(Path::new(OPEN_DATA))?;
    Ok(Path::new(OPEN_DATA).join(named))
}

/// Makes a folder that everybody may enter, whatever the umask.
///
/// # Errors
/// When the system refuses.
pub fn make_open(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).doing(|| format!("make the folder {}", folder.display()))?;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder, mode).doing(|| format!("open the folder {}", folder.display()))
}
