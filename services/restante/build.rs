//! Lists the files of the built web client, if it was built, so that they become part of the binary.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/out");
    println!("cargo::rerun-if-changed={}", client.display());
    let mut files = Vec::new();
    if client.is_dir() {
        collect(&client, &mut files)?;
    }
    let name = |file: &PathBuf| file.strip_prefix(&client).unwrap_or(file).display().to_string();
    // As text: they are looked for by name.
    files.sort_by_key(name);
    let mut list = String::from("&[\n");
    for file in &files {
        let path = file.display().to_string();
        let _ = writeln!(list, "    ({:?}, include_bytes!({path:?})),", name(file));
    }
    list.push(']');
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("client.rs"), list)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
