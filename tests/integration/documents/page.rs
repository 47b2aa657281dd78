//! A page of Markdown, as far as its tests need it: sections, fenced blocks with what stands before them, tables, links.

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    /// From the root, with slashes.
    pub(super) path: String,
    pub(super) lines: Vec<Line>,
    pub(super) blocks: Vec<Block>,
    /// Every heading, its text as in the page.
    pub(super) headings: Vec<String>,
}

/// A line of a page.
#[derive(Debug)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: usize,
    pub(super) text: String,
    /// Whether it is in a block, or fences one.
    pub(super) is_in_block: bool,
}

/// A fenced block.
#[derive(Debug)]
pub(super) struct Block {
    /// The line of its fence, from 1.
    pub(super) line: usize,
    /// What the fence says: `sh`, `powershell`, `yaml`.
    pub(super) language: String,
    pub(super) text: String,
    /// The heading (of the first three levels) that it stands under.
    pub(super) section: String,
    /// The paragraphs between the block before it, or its heading, and itself.
    pub(super) before: Vec<String>,
}

impl Block {
    /// The name of the file that it is, where the paragraph before it ends with one: "Put this into `my.yaml`:".
    pub(super) fn file_name(&self) -> Option<&str> {
        let name = self.before.last()?.strip_suffix("`:")?.rsplit('`').next()?;
        (name.contains('.') && !name.contains(' ')).then_some(name)
    }
}

impl Page {
    pub(super) fn read(path: &str, text: &str) -> Self {
        let mut page =
            Self { path: path.to_owned(), lines: Vec::new(), blocks: Vec::new(), headings: Vec::new() };
        let (mut section, mut before) = (String::new(), Vec::new());
        let mut lines = text.lines().enumerate().map(|(index, text)| (index + 1, text));
        let mut is_paragraph = false;
        while let Some((number, line)) = lines.next() {
            let opens = line.strip_prefix("```");
            page.push(number, line, opens.is_some());
            if let Some(language) = opens {
                let mut text = String::new();
                for (number, line) in lines.by_ref() {
                    page.push(number, line, true);
                    if line == "```" {
                        break;
                    }
                    text.push_str(line);
                    text.push('\n');
                }
                page.blocks.push(Block {
                    line: number,
                    language: language.to_owned(),
                    text,
                    section: section.clone(),
                    before: std::mem::take(&mut before),
                });
            } else if line.starts_with('#') {
                let heading = line.trim_start_matches('#').trim().to_owned();
                page.headings.push(heading.clone());
                (section, before) = (heading, Vec::new());
            } else if line.is_empty() {
                is_paragraph = false;
                continue;
            } else if is_paragraph && let Some(last) = before.last_mut() {
                let last: &mut String = last;
                last.push(' ');
                last.push_str(line.trim());
            } else {
                before.push(line.to_owned());
            }
            is_paragraph = opens.is_none() && !line.starts_with('#');
        }
        page
    }

    fn push(&mut self, number: usize, text: &str, is_in_block: bool) {
        self.lines.push(Line { number, text: text.to_owned(), is_in_block });
    }

    /// Its sections that have blocks, in order, each with its blocks.
    pub(super) fn sections(&self) -> Vec<&[Block]> {
        self.blocks.chunk_by(|one, next| one.section == next.section).collect()
    }

    /// Blocks in one of these languages.
    pub(super) fn blocks_in<'a>(&'a self, languages: &'a [&str]) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(|block| languages.contains(&block.language.as_str()))
    }

    /// Where its links lead, with their lines.
    pub(super) fn links(&self) -> Vec<(usize, &str)> {
        let prose = self.lines.iter().filter(|line| !line.is_in_block);
        prose
            .flat_map(|line| {
                let ends = line.text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
                ends.map(|target| (line.number, target))
            })
            .collect()
    }

    /// The anchors of its headings, as code hosts make them.
    pub(super) fn anchors(&self) -> Vec<String> {
        self.headings.iter().map(|heading| anchor(heading)).collect()
    }

    /// The rows of the tables under a heading, each as its cells; the heads of tables are left out.
    pub(super) fn rows(&self, heading: &str) -> Vec<Vec<String>> {
        let below = self.lines.iter().skip_while(|line| line.text.trim_start_matches('#').trim() != heading);
        let section = below.skip(1).take_while(|line| line.is_in_block || !line.text.starts_with('#'));
        let rows: Vec<&str> = section
            .map(|line| line.text.as_str())
            .filter(|text| text.starts_with('|') || text.is_empty())
            .collect();
        let tables = rows.split(|row| row.is_empty()).filter(|table| table.len() > 2);
        tables.flat_map(|table| table[2..].iter().map(|row| cells(row))).collect()
    }
}

/// The cells of a table's row; `\|` is text.
fn cells(row: &str) -> Vec<String> {
    let row = row.replace("\\|", "\u{0}");
    row.trim().trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

/// A heading's anchor: lower case, spaces as hyphens, no punctuation.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace(' ', "-").replace(|letter: char| !is_kept(letter), "")
}

fn is_kept(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '-' || letter == '_'
}

#[test]
fn a_page_is_read_as_it_looks() {
    let page = Page::read(
        "a.md",
        "# A `b`: c\n\n[x](y.md#z) [1](2)\n\n## Write\n\nPut this\ninto `my.yaml`:\n\n```yaml\na: 1\n```\n\n\
         ```sh\n# not a heading [x](no)\n```\n\none\n\n| a | b |\n|---|---|\n| `x\\|y` | 2 |\n",
    );
    assert_eq!(page.anchors(), ["a-b-c", "write"]);
    assert_eq!(page.links(), [(3, "y.md#z"), (3, "2")]);
    let [yaml, sh] = &page.blocks[..] else { panic!("{page:?}") };
    assert_eq!((yaml.file_name(), yaml.line, yaml.text.as_str()), (Some("my.yaml"), 10, "a: 1\n"));
    assert_eq!((sh.file_name(), sh.section.as_str(), sh.before.len()), (None, "Write", 0));
    assert_eq!(page.sections().len(), 1);
    assert_eq!(page.rows("Write"), [["`x|y`", "2"]]);
}
