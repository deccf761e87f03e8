//! A wire between a caller and a service that is cut at the worst moment: the service has answered, and nobody hears it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub struct Proxy {
    pub url: String,
    cut: Arc<AtomicBool>,
}

impl Proxy {
    /// Passes everything on to the service at this URL, and loses its first answer.
    pub async fn losing_an_answer_of(url: &str) -> Self {
        let to = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let cut = Arc::new(AtomicBool::new(true));
        let cuts = cut.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&to).await.unwrap();
                tokio::spawn(pass(client, server, cuts.clone()));
            }
        });
        Self { url, cut }
    }

    pub fn has_cut(&self) -> bool {
        !self.cut.load(Ordering::SeqCst)
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
