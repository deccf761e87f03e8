//! A wire between a client and the database that can be cut at the worst moment: the request has arrived, the reply
//! has not.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub struct Proxy {
    pub port: u16,
    cut: Arc<AtomicBool>,
}

impl Proxy {
    /// Passes everything on to this address, for as long as the test's runtime is there.
    pub async fn start(to: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = Arc::new(AtomicBool::new(false));
        let cuts = cut.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&to).await.unwrap();
                tokio::spawn(pass(client, server, cuts.clone()));
            }
        });
        Self { port, cut }
    }

    pub fn cut_next_reply(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    pub fn cuts(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, cut: Arc<AtomicBool>) {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => match read {
                Ok(bytes @ 1..) if server.write_all(&asked[..bytes]).await.is_ok() => {}
                _ => return,
            },
            read = server.read(&mut answered) => match read {
                Ok(1..) if cut.swap(false, Ordering::SeqCst) => return,
                Ok(bytes @ 1..) if client.write_all(&answered[..bytes]).await.is_ok() => {}
                _ => return,
            },
        }
    }
}
