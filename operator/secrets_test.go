package operator_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/operator"
	"github.com/ormosproject/ormos/security"
)

func TestSecretsAreNotPrinted(t *testing.T) {
	o := operator.Options{Address: "zk://u:s3cret@h:1/p", Security: security.Options{Principal: "ops", Secret: "s3cret"}}
	m := newMaster(t, o)
	agent := o
	agent.Address = "host"
	for _, v := range []any{o, &o, m, newAgent(t, agent)} {
		var b bytes.Buffer
		slog.New(slog.NewTextHandler(&b, nil)).Info("", "v", v)
		slog.New(slog.NewJSONHandler(&b, nil)).Info("", "v", v)
		for _, text := range []string{fmt.Sprint(v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), b.String()} {
			if strings.Contains(text, "s3cret") || !strings.Contains(text, "ops") {
				t.Errorf("%T prints as %s", v, text)
			}
		}
	}
}
