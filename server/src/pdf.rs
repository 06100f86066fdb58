//! PDFs from outside: their pages become pictures by Debian's `pdftoppm` (poppler-utils), a process of its own with limits
//! on time, memory and pages. What it reads is foreign; it gets no environment and writes into one folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ledger::content::IMAGES_MAX;

use crate::error::{Error, Result};

/// Bytes of the largest PDF.
pub const PDF_BYTES_MAX: u64 = 20 << 20;
/// Long edge of a page's picture, pixels.
const PAGE_EDGE: u32 = 2000;
/// How long all pages may take.
const TIME_MAX: Duration = Duration::from_secs(60);
/// Seconds of the processor that all pages may take.
const CPU_SECONDS_MAX: u32 = 45;
/// Bytes of memory that it may use.
const MEMORY_BYTES_MAX: u64 = 1 << 30;
/// Bytes of a page's picture.
const PICTURE_BYTES_MAX: u64 = 20 << 20;
/// How often it is looked after.
const LOOK: Duration = Duration::from_millis(20);
/// What `prlimit` ends with when there is no such program to run.
const NO_SUCH_PROGRAM: i32 = 127;

/// Whether a file that begins so is a PDF.
#[must_use]
pub fn is_pdf(head: &[u8]) -> bool {
    head.starts_with(b"%PDF-")
}

fn bad(message: impl Into<String>) -> Error {
    Error::refused("bad-pdf", message)
}

/// The pictures (JPEG) of a PDF's pages, in order, made in `folder`, which is empty. Blocks.
///
/// # Errors
/// `bad-pdf` when it cannot be read, has more pages than a bulletin pictures, or takes too long; `no-program` when
/// poppler-utils is not installed.
pub fn pages(file: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    pages_by("pdftoppm", file, folder)
}

fn pages_by(program: &str, file: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut child = start(program, file, folder)?;
    let ended = wait(&mut child)?;
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::file(folder))? {
        pages.push(entry.map_err(Error::file(folder))?.path());
    }
    // Numbers are as long as the last page's: their order is that of the names.
    pages.sort();
    match ended {
        Some(0) if pages.len() > IMAGES_MAX => {
            Err(bad(format!("PDF 超过 {IMAGES_MAX} 页：请拆成几份，分几篇公告发布。")))
        }
        Some(0) if !pages.is_empty() => Ok(pages),
        Some(NO_SUCH_PROGRAM) => Err(Error::refused(
            "no-program",
            "服务器上没有 pdftoppm，不能读 PDF：请管理员安装 poppler-utils，或把 PDF 的各页存成图片再上传。",
        )),
        Some(_) => {
            Err(bad("PDF 打不开：可能已损坏、加了密码，或页面太大。请重新导出，或存成图片再上传。"))
        }
        None => Err(bad("PDF 太复杂，处理时间过长：请把各页存成图片再上传。")),
    }
}

fn start(program: &str, file: &Path, folder: &Path) -> Result<Child> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    let command = Command::new("prlimit")
        .args([
            format!("--as={MEMORY_BYTES_MAX}"),
            format!("--cpu={CPU_SECONDS_MAX}"),
            format!("--fsize={PICTURE_BYTES_MAX}"),
            "--core=0".to_owned(),
            "--".to_owned(),
            program.to_owned(),
        ])
        .args(["-jpeg", "-l", &(IMAGES_MAX + 1).to_string(), "-scale-to", &PAGE_EDGE.to_string()])
        .arg(file)
        .arg(folder.join("page"))
        .env_clear()
        .env("PATH", path)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    command.map_err(|error| {
        tracing::error!(%error, "prlimit (util-linux) could not be started");
        Error::refused("no-program", "服务器上没有 prlimit，不能读 PDF：请管理员安装 util-linux。")
    })
}

/// How it ended; none when it was stopped because it took too long.
fn wait(child: &mut Child) -> Result<Option<i32>> {
    let begun = Instant::now();
    loop {
        match child.try_wait().map_err(Error::file("pdftoppm"))? {
            // One that a limit's signal ended has no code.
            Some(status) => return Ok(Some(status.code().unwrap_or(-1))),
            None if begun.elapsed() > TIME_MAX => {
                let _gone = child.kill();
                child.wait().map_err(Error::file("pdftoppm"))?;
                return Ok(None);
            }
            None => std::thread::sleep(LOOK),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A PDF of so many pages, each with its number.
    pub(crate) fn pdf(pages: usize) -> Vec<u8> {
        let mut text = String::from("%PDF-1.4\n");
        let mut places = Vec::new();
        let mut put = |text: &mut String, body: String| {
            places.push(text.len());
            let n = places.len();
            text.push_str(&format!("{n} 0 obj\n{body}\nendobj\n"));
        };
        put(&mut text, "<< /Type /Catalog /Pages 2 0 R >>".into());
        let kids: Vec<String> = (0..pages).map(|n| format!("{} 0 R", 4 + 2 * n)).collect();
        put(&mut text, format!("<< /Type /Pages /Count {pages} /Kids [{}] >>", kids.join(" ")));
        put(&mut text, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".into());
        for n in 0..pages {
            let shown = format!("BT /F1 90 Tf 40 90 Td ({}) Tj ET", n + 1);
            put(
                &mut text,
                format!(
                    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Contents {} 0 R \
                     /Resources << /Font << /F1 3 0 R >> >> >>",
                    5 + 2 * n
                ),
            );
            put(&mut text, format!("<< /Length {} >>\nstream\n{shown}\nendstream", shown.len()));
        }
        let xref = text.len();
        text.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1));
        for place in &places {
            text.push_str(&format!("{place:010} 00000 n \n"));
        }
        let size = places.len() + 1;
        text.push_str(&format!(
            "trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{xref}\n%%EOF\n"
        ));
        text.into_bytes()
    }

    fn told(program: &str, bytes: &[u8]) -> Result<usize> {
        let folder = tempfile::tempdir().unwrap();
        let (file, into) = (folder.path().join("a.pdf"), folder.path().join("pages"));
        fs::write(&file, bytes).unwrap();
        fs::create_dir(&into).unwrap();
        pages_by(program, &file, &into).map(|pages| {
            let sizes =
                pages.iter().map(|page| crate::photo::prepare(&fs::read(page).unwrap()).unwrap());
            for made in sizes {
                assert_eq!(made.image.height, PAGE_EDGE);
            }
            pages.len()
        })
    }

    #[test]
    fn every_page_becomes_a_picture_and_too_many_do_not() {
        assert_eq!(told("pdftoppm", &pdf(1)).unwrap(), 1);
        assert_eq!(told("pdftoppm", &pdf(IMAGES_MAX)).unwrap(), IMAGES_MAX);
        let error = told("pdftoppm", &pdf(IMAGES_MAX + 1)).unwrap_err();
        assert_eq!(error.code(), "bad-pdf");
        assert!(error.to_string().contains("12 页"), "{error}");
    }

    #[test]
    fn a_bad_file_and_a_missing_program_are_told_apart() {
        let good = pdf(1);
        for not in [&b"%PDF-1.4\nnothing"[..], b"", &good[..60]] {
            assert_eq!(told("pdftoppm", not).unwrap_err().code(), "bad-pdf");
        }
        let error = told("no-such-program-here", &good).unwrap_err();
        assert_eq!(error.code(), "no-program");
        assert!(error.to_string().contains("poppler-utils"));
    }

    #[test]
    fn what_wants_too_much_memory_is_ended() {
        // A page of the largest size is bounded by its picture, not by its paper.
        let huge = String::from_utf8(pdf(1)).unwrap().replace("[0 0 200 300]", "[0 0 9e6 9e6]");
        let _ended = told("pdftoppm", huge.as_bytes()).is_err();
        // A program that asks for more than its limit is refused it.
        let folder = tempfile::tempdir().unwrap();
        let hungry = folder.path().join("hungry");
        let memory = MEMORY_BYTES_MAX * 2;
        fs::write(&hungry, format!("#!/bin/sh\nexec head -c {memory} /dev/zero | tail\n")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&hungry, mode).unwrap();
        assert_eq!(told(hungry.to_str().unwrap(), &pdf(1)).unwrap_err().code(), "bad-pdf");
    }
}
