//! A display without a screen as the tests use it: what it shows, and what a hand does there.

use mingbai_tests::xvfb::Xvfb;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, ImageFormat, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// How long anything on a display may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Places that a swipe touches on its way.
const SWIPE_STEPS: u32 = 8;

/// The display; gone when dropped.
pub struct Display {
    screen: Xvfb,
    /// The letters that were put on spare keys, the newest last.
    letters: RefCell<Vec<char>>,
}

impl Display {
    /// One of a size such as `1366x768`.
    pub fn start(size: &str) -> Display {
        Display { screen: Xvfb::start(size, &[]).unwrap(), letters: RefCell::default() }
    }

    /// The environment of a program that shall be shown here.
    pub fn env(&self) -> [(&str, &str); 1] {
        self.screen.env()
    }

    /// What the display shows, kept in a file for whoever wants to look.
    pub fn picture(&self, file: &Path) -> image::RgbImage {
        let picture = self.pixels();
        picture.save(file).unwrap();
        picture
    }

    /// What the display shows.
    pub fn pixels(&self) -> image::RgbImage {
        let (connection, screen) = x11rb::connect(Some(&self.screen.name)).unwrap();
        let root = &connection.setup().roots[screen];
        let (width, height) = (root.width_in_pixels, root.height_in_pixels);
        let asked =
            connection.get_image(ImageFormat::Z_PIXMAP, root.root, 0, 0, width, height, u32::MAX);
        // Blue, green, red and nothing: such is a screen of 24 bits.
        let pixels = asked.unwrap().reply().unwrap().data;
        let pixels = pixels.chunks_exact(4).flat_map(|bgr| [bgr[2], bgr[1], bgr[0]]).collect();
        image::RgbImage::from_raw(width.into(), height.into(), pixels).unwrap()
    }

    /// Whether the window that takes keys is as large as the display.
    pub fn is_filled(&self) -> bool {
        let (connection, screen) = x11rb::connect(Some(&self.screen.name)).unwrap();
        let root = &connection.setup().roots[screen];
        let name = connection.intern_atom(false, b"_NET_ACTIVE_WINDOW").unwrap().reply().unwrap();
        let told = connection.get_property(false, root.root, name.atom, AtomEnum::WINDOW, 0, 1);
        let told = told.unwrap().reply().unwrap();
        let active = told.value32().and_then(|mut windows| windows.next());
        let size = active.and_then(|window| connection.get_geometry(window).ok()?.reply().ok());
        let whole = (root.width_in_pixels, root.height_in_pixels);
        size.is_some_and(|size| (size.width, size.height) == whole)
    }

    fn xdotool(&self, args: &[&str]) {
        self.screen.xdotool(args).unwrap();
    }

    pub fn tap(&self, x: u32, y: u32) {
        self.xdotool(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"]);
    }

    /// Two quick taps in one place.
    pub fn tap_twice(&self, x: u32, y: u32) {
        let place = ["mousemove", &x.to_string(), &y.to_string()];
        self.xdotool(&[&place[..], &["click", "--repeat", "2", "--delay", "40", "1"]].concat());
    }

    /// From one place to another with the button held.
    pub fn drag(&self, from: (u32, u32), to: (u32, u32)) {
        let [x, y, a, b] = [from.0, from.1, to.0, to.1].map(|n| n.to_string());
        let half = [(from.0 + to.0) / 2, (from.1 + to.1) / 2].map(|n| n.to_string());
        self.xdotool(&["mousemove", &x, &y, "mousedown", "1"]);
        self.xdotool(&["mousemove", &half[0], &half[1]]);
        self.xdotool(&["mousemove", &a, &b]);
        self.xdotool(&["mouseup", "1"]);
    }

    /// As a finger goes over glass: without a stop between.
    pub fn swipe(&self, from: (u32, u32), to: (u32, u32)) {
        let on_way =
            |step: u32, from: u32, to: u32| (from * (SWIPE_STEPS - step) + to * step) / SWIPE_STEPS;
        let mut words = Vec::new();
        for step in 0..=SWIPE_STEPS {
            let (x, y) = (on_way(step, from.0, to.0), on_way(step, from.1, to.1));
            words.extend(["mousemove".to_owned(), x.to_string(), y.to_string()]);
            words.extend(
                if step == 0 { ["mousedown", "1"] } else { ["sleep", "0.02"] }.map(String::from),
            );
        }
        words.extend(["mouseup", "1"].map(String::from));
        self.xdotool(&words.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Presses keys one after another, such as `Return` or `ctrl+z`.
    pub fn keys(&self, keys: &[&str]) {
        self.xdotool(&[&["key", "--delay", "40"], keys].concat());
    }

    pub fn type_text(&self, text: &str) {
        self.put_on_keys(text);
        self.xdotool(&["type", "--delay", "40", text]);
    }

    /// Puts letters that no key has on spare ones and leaves them there: xdotool would take them away again as soon as it
    /// pressed them, and a window that is slow to look then sees a key without a letter.
    fn put_on_keys(&self, text: &str) {
        let (connection, _) = x11rb::connect(Some(&self.screen.name)).unwrap();
        let setup = connection.setup();
        let (first, count) = (setup.min_keycode, setup.max_keycode - setup.min_keycode + 1);
        let keys = connection.get_keyboard_mapping(first, count).unwrap().reply().unwrap();
        let symbol = |letter: char| match u32::from(letter) {
            latin @ ..0x100 => latin,
            other => 0x0100_0000 | other,
        };
        let on_key = |key: &[u32]| key.iter().copied().find(|symbol| *symbol != 0);
        let mut letters = self.letters.borrow_mut();
        // Spare are the keys without a symbol and those that were taken here, which are used in turn.
        let mut spare: Vec<u8> = (first..=setup.max_keycode)
            .zip(keys.keysyms.chunks(keys.keysyms_per_keycode.into()))
            .filter(|(_, key)| on_key(key).is_none_or(|s| letters.iter().any(|l| symbol(*l) == s)))
            .map(|(code, _)| code)
            .collect();
        // One is left to xdotool.
        spare.pop();
        for letter in text.chars().filter(|letter| !letter.is_ascii()) {
            if !letters.iter().rev().take(spare.len()).any(|known| *known == letter) {
                let code = spare[letters.len() % spare.len()];
                let both = [symbol(letter); 2];
                connection.change_keyboard_mapping(1, code, 2, &both).unwrap().check().unwrap();
                letters.push(letter);
            }
        }
    }

    /// Whether a window of this name is shown.
    pub fn shows(&self, name: &str) -> bool {
        self.screen.xdotool(&["search", "--onlyvisible", "--name", name]).is_ok()
    }

    /// Drops files on the window that takes them, as a file manager does (XDND 5).
    pub fn drop_files(&self, files: &[PathBuf]) {
        let (connection, screen) = x11rb::connect(Some(&self.screen.name)).unwrap();
        let root = connection.setup().roots[screen].root;
        let list: String = files.iter().map(|f| format!("file://{}\r\n", f.display())).collect();
        Drag::begin(connection, root, list).carry_out();
    }
}

/// Files in the pointer's hand.
struct Drag {
    connection: RustConnection,
    root: Window,
    /// The file manager's window.
    source: Window,
    /// The window that takes files.
    target: Window,
    list: String,
}

impl Drag {
    fn begin(connection: RustConnection, root: Window, list: String) -> Drag {
        let source = connection.generate_id().unwrap();
        let look = CreateWindowAux::new();
        let kind = WindowClass::INPUT_ONLY;
        connection.create_window(0, source, root, 0, 0, 1, 1, 0, kind, 0, &look).unwrap();
        let mut drag = Drag { connection, root, source, target: 0, list };
        let start = Instant::now();
        while drag.target == 0 {
            assert!(start.elapsed() < PATIENCE, "no window takes files");
            drag.target = drag.taker(root).unwrap_or(0);
        }
        drag
    }

    fn atom(&self, name: &str) -> u32 {
        self.connection.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom
    }

    /// The window below this one that says that it takes files.
    fn taker(&self, window: Window) -> Option<Window> {
        let aware = self.atom("XdndAware");
        let property =
            self.connection.get_property(false, window, aware, AtomEnum::ANY, 0, 1).ok()?;
        if property.reply().is_ok_and(|property| property.value_len > 0) {
            return Some(window);
        }
        let children = self.connection.query_tree(window).ok()?.reply().ok()?.children;
        children.into_iter().find_map(|child| self.taker(child))
    }

    fn tell(&self, message: &str, data: [u32; 5]) {
        let event = ClientMessageEvent::new(32, self.target, self.atom(message), data);
        self.connection.send_event(false, self.target, EventMask::NO_EVENT, event).unwrap();
        self.connection.flush().unwrap();
    }

    fn carry_out(&self) {
        let kind = self.atom("text/uri-list");
        let selection = self.atom("XdndSelection");
        self.connection.set_selection_owner(self.source, selection, x11rb::CURRENT_TIME).unwrap();
        let copy = self.atom("XdndActionCopy");
        self.tell("XdndEnter", [self.source, 5 << 24, kind, 0, 0]);
        let place = self.connection.translate_coordinates(self.target, self.root, 300, 300);
        let place = place.unwrap().reply().unwrap();
        let place = (place.dst_x as u32) << 16 | place.dst_y as u32;
        self.tell("XdndPosition", [self.source, 0, place, x11rb::CURRENT_TIME, copy]);
        self.serve_until("XdndStatus");
        self.tell("XdndDrop", [self.source, 0, x11rb::CURRENT_TIME, 0, 0]);
        self.serve_until("XdndFinished");
    }

    /// Hands out the list to whoever asks for it, until the window says this.
    fn serve_until(&self, message: &str) {
        let wanted = self.atom(message);
        let start = Instant::now();
        loop {
            match self.connection.poll_for_event().unwrap() {
                Some(Event::SelectionRequest(asked)) => self.hand_out(&asked),
                Some(Event::ClientMessage(told)) if told.type_ == wanted => return,
                Some(_) => {}
                None => assert!(start.elapsed() < PATIENCE, "no {message} came"),
            }
        }
    }

    fn hand_out(&self, asked: &SelectionRequestEvent) {
        let list = self.list.as_bytes();
        let (mode, property) = (PropMode::REPLACE, asked.property);
        self.connection
            .change_property8(mode, asked.requestor, property, asked.target, list)
            .unwrap();
        let done = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: asked.time,
            requestor: asked.requestor,
            selection: asked.selection,
            target: asked.target,
            property,
        };
        self.connection.send_event(false, asked.requestor, EventMask::NO_EVENT, done).unwrap();
        self.connection.flush().unwrap();
    }
}
