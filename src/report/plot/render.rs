//! Pictures as SVG and PNG, through plotters. Everything is drawn in memory first.

use super::picture::{Align, At, Mark, Picture, TextStyle};
use flate2::{Compression, Crc, write::ZlibEncoder};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, FontTransform, register_font};
use std::io::Write as _;
use std::sync::OnceLock;

/// Backends work in whole pixels: drawn larger, then shown at the size of the page.
const SCALE: f64 = 2.0;
/// Plotters takes the height of a line, about 1.24 of the size of its letters.
const LINE_HEIGHT: f64 = 1.24;
/// The bitmap backend sets text this share of its size too high.
const BITMAP_DROP: f64 = 0.12;
const FONT: &str = "sans-serif";

/// Why a picture could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw the plot: {0}")]
pub(super) struct DrawError(String);

fn failed(error: impl std::fmt::Display) -> DrawError {
    DrawError(error.to_string())
}

/// The font of this crate's own, registered once: no font of the machine is needed or used.
fn fonts() -> Result<(), DrawError> {
    static DONE: OnceLock<bool> = OnceLock::new();
    let done = *DONE.get_or_init(|| {
        register_font(FONT, FontStyle::Normal, dejavu::sans::regular()).is_ok()
            && register_font(FONT, FontStyle::Bold, dejavu::sans::bold()).is_ok()
    });
    done.then_some(()).ok_or_else(|| DrawError("the built-in font is damaged".into()))
}

/// Width of a text in points of the page.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    let measured = fonts().ok().and_then(|()| {
        let font = (FONT, size * LINE_HEIGHT * SCALE).into_font();
        font.box_size(text).ok()
    });
    measured.map_or(0.6 * size * text.chars().count() as f64, |(width, _)| {
        f64::from(width) / SCALE //
    })
}

/// The picture as an SVG document with real text.
pub(super) fn svg(picture: &Picture) -> Result<String, DrawError> {
    let mut out = String::new();
    {
        let root = SVGBackend::with_string(&mut out, pixels(picture)).into_drawing_area();
        draw(&root, picture, 0.0)?;
        root.present().map_err(failed)?;
    }
    let body = out.find("<svg").and_then(|at| out[at..].find('>').map(|end| at + end + 1));
    let body = body.ok_or_else(|| DrawError("the backend wrote no SVG".into()))?;
    let (width, height) = pixels(picture);
    let mut label = String::new();
    for c in picture.description.chars() {
        match c {
            '<' => label.push_str("&lt;"),
            '&' => label.push_str("&amp;"),
            '"' => label.push_str("&quot;"),
            c => label.push(c),
        }
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">{}",
        picture.width,
        picture.height,
        &out[body..]
    ))
}

/// The picture as a PNG, two pixels to a point.
pub(super) fn png(picture: &Picture) -> Result<Vec<u8>, DrawError> {
    let (width, height) = pixels(picture);
    let mut rgb = vec![255; width as usize * height as usize * 3];
    {
        let root = BitMapBackend::with_buffer(&mut rgb, (width, height)).into_drawing_area();
        draw(&root, picture, BITMAP_DROP)?;
        root.present().map_err(failed)?;
    }
    encode(&rgb, width, height)
}

fn pixels(picture: &Picture) -> (u32, u32) {
    ((picture.width * SCALE) as u32, (picture.height * SCALE) as u32)
}

fn draw<DB: DrawingBackend>(
    root: &DrawingArea<DB, Shift>,
    picture: &Picture,
    drop: f64,
) -> Result<(), DrawError> {
    fonts()?;
    root.fill(&WHITE).map_err(failed)?;
    for mark in &picture.marks {
        draw_mark(root, mark, drop)?;
    }
    Ok(())
}

fn draw_mark<DB: DrawingBackend>(
    root: &DrawingArea<DB, Shift>,
    mark: &Mark,
    drop: f64,
) -> Result<(), DrawError> {
    match mark {
        Mark::Line { points, colour, width, dash } => {
            let style = rgb(*colour).stroke_width((width * SCALE).round().max(1.0) as u32);
            match dash {
                None => root.draw(&PathElement::new(snapped(points), style)).map_err(failed)?,
                Some(dash) => {
                    for piece in dashes(points, *dash) {
                        root.draw(&PathElement::new(snapped(&piece), style)).map_err(failed)?;
                    }
                }
            }
        }
        Mark::Area { points, colour, opacity } => {
            let style = rgb(*colour).mix(*opacity).filled();
            root.draw(&Polygon::new(snapped(points), style)).map_err(failed)?;
        }
        Mark::Dot { at, radius, colour, filled } => {
            let radius = (radius * SCALE).round() as i32;
            let ink = rgb(*colour);
            if *filled {
                root.draw(&Circle::new(snap(*at), radius, ink.filled())).map_err(failed)?;
            } else {
                root.draw(&Circle::new(snap(*at), radius, WHITE.filled())).map_err(failed)?;
                let edge = ink.stroke_width((2.0 * SCALE) as u32);
                root.draw(&Circle::new(snap(*at), radius, edge)).map_err(failed)?;
            }
        }
        Mark::Text { at, text, size, colour, align, style } => {
            let horizontal = match align {
                Align::Left => HPos::Left,
                Align::Middle => HPos::Center,
                Align::Right => HPos::Right,
            };
            let weight =
                if *style == TextStyle::Bold { FontStyle::Bold } else { FontStyle::Normal };
            let turn = match style {
                TextStyle::Upwards => FontTransform::Rotate270,
                TextStyle::Normal | TextStyle::Bold => FontTransform::None,
            };
            let font: FontDesc<'_> = (FONT, size * LINE_HEIGHT * SCALE, weight).into();
            let ink = rgb(*colour);
            let set = font.transform(turn).color(&ink).pos(Pos::new(horizontal, VPos::Center));
            root.draw(&Text::new(text.as_str(), snap(sunk(*at, *style, drop * size)), set))
                .map_err(failed)?;
        }
    }
    Ok(())
}

/// A text's position moved down its own line by `drop`.
fn sunk(at: At, style: TextStyle, drop: f64) -> At {
    match style {
        TextStyle::Upwards => (at.0 + drop, at.1),
        TextStyle::Normal | TextStyle::Bold => (at.0, at.1 + drop),
    }
}

fn rgb(colour: super::colour::Colour) -> RGBColor {
    RGBColor(colour.0, colour.1, colour.2)
}

fn snap(at: At) -> (i32, i32) {
    ((at.0 * SCALE).round() as i32, (at.1 * SCALE).round() as i32)
}

/// Whole pixels, without repeated ones.
fn snapped(points: &[At]) -> Vec<(i32, i32)> {
    let mut pixels: Vec<(i32, i32)> = points.iter().map(|&at| snap(at)).collect();
    pixels.dedup();
    pixels
}

/// Cuts a line into dashes of a length with gaps between.
fn dashes(points: &[At], (length, gap): (f64, f64)) -> Vec<Vec<At>> {
    let mut pieces = Vec::new();
    let mut piece = Vec::new();
    let (mut on, mut left) = (true, length);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        if on && piece.is_empty() {
            piece.push(from);
        }
        loop {
            let rest = (to.0 - from.0).hypot(to.1 - from.1);
            if rest <= left {
                left -= rest;
                if on {
                    piece.push(to);
                }
                break;
            }
            let share = left / rest;
            from = (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
            if on {
                piece.push(from);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece.push(from);
            }
            on = !on;
            left = if on { length } else { gap };
        }
    }
    if on && piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

/// PNG in memory (the backend's own encoder only writes to files): 8-bit RGB, each row as the
/// difference to the one above.
fn encode(rgb: &[u8], width: u32, height: u32) -> Result<Vec<u8>, DrawError> {
    let stride = width as usize * 3;
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    let mut above = vec![0; stride];
    for row in rgb.chunks_exact(stride) {
        let up = row.iter().zip(&above).map(|(now, before)| now.wrapping_sub(*before));
        let line: Vec<u8> = std::iter::once(2).chain(up).collect();
        packed.write_all(&line).map_err(failed)?;
        above.copy_from_slice(row);
    }
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, 2, 0, 0, 0]);
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut out, b"IHDR", &header);
    chunk(&mut out, b"IDAT", &packed.finish().map_err(failed)?);
    chunk(&mut out, b"IEND", &[]);
    Ok(out)
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    let mut sum = Crc::new();
    for part in [&kind[..], data] {
        sum.update(part);
        out.extend(part);
    }
    out.extend(sum.sum().to_be_bytes());
}
