//! Takes samples of a listing and writes them: every listing of the command goes through here.

use super::presentation::Presentation;
use super::write::{Page, Writer};
use super::{Ask, Counts, Listing, Sample, Window};
use crate::args::ListArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::say;
use crate::output::tree::{Arranged, Tree};

impl<R> Listing<R> {
    /// Takes samples and writes them, as often as the user wants. Returns whether there was any row.
    pub(crate) fn run(
        &self,
        context: &Context,
        args: &ListArgs,
        tree: Option<&Tree<R>>,
        mut sample: impl FnMut(&Ask) -> Result<Sample<R>, Failure>,
    ) -> Outcome {
        let presentation = Presentation::new(self, context.format, &context.config, args)?;
        let ask = presentation.ask();
        let mut writer =
            Writer { context, args, presentation: &presentation, tree, left_out: Vec::new(), incomplete: 0 };
        let mut found = false;
        context.repeat(!self.continuous, |turn, out| {
            let Sample { rows, window, all, caption } = sample(&ask)?;
            let rows = presentation.arrange(rows, tree);
            found |= !rows.is_empty();
            let caption = caption.map(|caption| caption(Counts { shown: rows.len(), all })).unwrap_or_default();
            Ok(writer.write(&Page { rows: &rows, window, caption: &caption, turn }, out)?)
        })?;
        if writer.incomplete > 0 {
            let rows = if writer.incomplete == 1 { "row is" } else { "rows are" };
            say(&format!(
                "{} {rows} incomplete: ? stands for what could not be read (--json says why)",
                writer.incomplete
            ));
        }
        Ok(found)
    }

    /// Chooses and orders rows, acts on each of them, and writes them with what became of it.
    ///
    /// Wrong options are refused before the first row is acted on. No option may choose rows by the column `outcome`, which
    /// has no value until then.
    pub(crate) fn act(
        &self,
        context: &Context,
        args: &ListArgs,
        rows: Vec<R>,
        outcome: &str,
        act: impl FnMut(&mut R) -> Result<(), Failure>,
    ) -> Outcome {
        let presentation = Presentation::new(self, context.format, &context.config, args)?;
        presentation.refuse_choice_by(outcome, "it is not known before the command has acted")?;
        let mut rows = presentation.chosen(rows);
        rows.iter_mut().try_for_each(act)?;
        let rows = Arranged::new(rows, None, None);
        let mut writer =
            Writer { context, args, presentation: &presentation, tree: None, left_out: Vec::new(), incomplete: 0 };
        context.repeat(false, |turn, out| {
            Ok(writer.write(&Page { rows: &rows, window: Window::None, caption: &[], turn }, out)?)
        })?;
        Ok(!rows.is_empty())
    }

    /// Writes these rows.
    #[cfg(test)]
    pub(crate) fn written(&self, context: &Context, rows: Vec<R>) -> String {
        let args = ListArgs::default();
        let presentation = Presentation::new(self, context.format, &context.config, &args).unwrap();
        let rows = presentation.arrange(rows, None);
        let page = Page { rows: &rows, window: Window::None, caption: &[], turn: 0 };
        let mut out = Vec::new();
        Writer { context, args: &args, presentation: &presentation, tree: None, left_out: Vec::new(), incomplete: 0 }
            .write(&page, &mut out)
            .unwrap();
        String::from_utf8(out).unwrap()
    }
}
