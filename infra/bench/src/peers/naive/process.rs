//! The naive peer as a process of its own, as the service is one.

use std::{
    net::SocketAddr,
    process::Stdio,
    time::{Duration, Instant},
};

use orderfold_stack::{Result, StackError, error::Doing};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
};

use crate::{peers::sample::Samples, stage::Stage};

const START_LIMIT: Duration = Duration::from_secs(20);
const START_PAUSE: Duration = Duration::from_millis(20);

/// It ends with this value.
pub struct NaiveProcess {
    pub url: String,
    _child: Child,
    _folder: tempfile::TempDir,
}

impl NaiveProcess {
    /// # Errors
    /// When it does not come up.
    pub async fn start(stage: &Stage, database_url: &str, samples: &Samples) -> Result<Self> {
        let starting = || "start the naive peer".to_owned();
        let folder = tempfile::tempdir().doing(starting)?;
        let samples_file = folder.path().join("samples.json");
        let text =
            serde_json::to_vec(samples).map_err(|error| StackError::failed(starting(), error))?;
        std::fs::write(&samples_file, text).doing(starting)?;
        // Bound once to learn of a free port, which is given back at once.
        let address = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .doing(starting)?;
        let mut child = Command::new(std::env::current_exe().doing(starting)?)
            .arg("naive")
            .env("DATABASE_URL", database_url)
            .env("HTTP_ADDRESS", address.to_string())
            .env("JWT_PUBLIC_KEY_FILE", stage.stack.keys().public_file())
            .env("SAMPLES_FILE", &samples_file)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .doing(starting)?;
        wait_for(&mut child, address).await?;
        Ok(Self {
            url: format!("http://{address}"),
            _child: child,
            _folder: folder,
        })
    }
}

async fn wait_for(child: &mut Child, address: SocketAddr) -> Result<()> {
    let begun = Instant::now();
    while TcpStream::connect(address).await.is_err() {
        if let Some(status) = child
            .try_wait()
            .doing(|| "look at the naive peer".to_owned())?
        {
            return Err(StackError::failed("start the naive peer", status));
        }
        if begun.elapsed() > START_LIMIT {
            return Err(StackError::failed(
                "start the naive peer",
                "it does not listen",
            ));
        }
        tokio::time::sleep(START_PAUSE).await;
    }
    Ok(())
}
