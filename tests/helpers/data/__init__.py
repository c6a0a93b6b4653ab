"""What tests of data use: files and folders as they lie, feeds, and what each has to give."""
