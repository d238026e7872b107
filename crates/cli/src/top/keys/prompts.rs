//! Keys in a question that is answered with text.

use ratatui::crossterm::event::KeyCode;

use super::Flow;
use crate::output::human;
use crate::top::act::{Action, Targets, parse_cpus};
use crate::top::view::View;
use crate::top::view::mode::{Change, Mode, Prompt};

impl View {
    /// Asks for the new value of something that can be changed.
    pub(super) fn ask(&mut self, change: Change, targets: Targets) {
        let text = match change {
            // The present CPUs are a good start.
            Change::Affinity => targets.first().and_then(|target| target.process.cpu_affinity().ok()),
            Change::Nice | Change::IoPriority => None,
        };
        let text = text.map_or_else(String::new, |cpus| human::ranges(&cpus));
        self.mode = Mode::Prompt(Prompt { change, targets, text, mistake: None });
    }

    pub(super) fn prompt_key(&mut self, code: KeyCode) -> Flow {
        let Mode::Prompt(prompt) = &mut self.mode else { return Flow::Draw };
        match code {
            KeyCode::Char(c) if prompt.text.len() < 60 && (c.is_ascii_digit() || matches!(c, '-' | ',')) => {
                prompt.text.push(c);
                prompt.mistake = None;
            }
            KeyCode::Backspace => {
                prompt.text.pop();
                prompt.mistake = None;
            }
            KeyCode::Esc => return self.back(),
            KeyCode::Enter => match prompt.answer() {
                Ok(action) => {
                    self.message = Some(prompt.targets.apply(&action));
                    return self.back();
                }
                Err(mistake) => prompt.mistake = Some(mistake),
            },
            _ => {}
        }
        Flow::Draw
    }
}

impl Prompt {
    fn answer(&self) -> Result<Action, String> {
        match self.change {
            Change::Affinity => parse_cpus(&self.text).map(Action::Affinity),
            Change::Nice | Change::IoPriority => {
                let nice = self.text.parse::<i32>().ok().filter(|nice| (-20..=19).contains(nice));
                nice.map(Action::Nice).ok_or_else(|| "a nice value is a number from -20 to 19".into())
            }
        }
    }
}
