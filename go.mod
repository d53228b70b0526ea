module github.com/ormosproject/ormos

go 1.26
