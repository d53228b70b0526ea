package main

import (
	"errors"
	"io"

	"github.com/spf13/cobra"
)

// completion has `ormos completion` want the name of a shell that it knows, and its script for bash work by itself.
func completion(root *cobra.Command) {
	cmd, _, err := root.Find([]string{"completion"})
	if err != nil {
		return
	}
	cmd.RunE = func(*cobra.Command, []string) error {
		return &exitError{exitCalled, errors.New("name a shell: bash, zsh, fish or powershell, as in 'source <(ormos completion bash)'")}
	}
	for _, shell := range cmd.Commands() {
		if shell.Name() != "bash" {
			continue
		}
		shell.Long = `Print the script that completes commands, flags, files and the ids of apps in bash.

Now, for this shell, or with the same line in ~/.bashrc for all:

  source <(ormos completion bash)`
		generate := shell.RunE
		shell.RunE = func(cmd *cobra.Command, args []string) error {
			if _, err := io.WriteString(cmd.OutOrStdout(), withoutPackage); err != nil {
				return err
			}
			return generate(cmd, args)
		}
	}
}

// withoutPackage stands in for the two functions that the script takes from the package bash-completion, where that is not installed.
const withoutPackage = `if ! declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref() {
        words=("${COMP_WORDS[@]}")
        cword=$COMP_CWORD
        cur=${words[cword]}
        prev=${words[cword-1]}
    }
fi
if ! declare -F _filedir >/dev/null; then
    _filedir() { compopt -o default 2>/dev/null; }
fi
`
