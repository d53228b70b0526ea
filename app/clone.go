package app

import "reflect"

// Clone gives an app that shares nothing with a.
func (a *App) Clone() *App { return clone(reflect.ValueOf(a)).Interface().(*App) }

// Clone gives a group that shares nothing with g, its apps and groups cloned too.
func (g *Group) Clone() *Group { return clone(reflect.ValueOf(g)).Interface().(*Group) }

func clone(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		return clonePointer(v)
	case reflect.Slice:
		return cloneSlice(v)
	case reflect.Map:
		return cloneMap(v)
	case reflect.Struct:
		return cloneStruct(v)
	}
	return v
}

func clonePointer(v reflect.Value) reflect.Value {
	if v.IsNil() {
		return v
	}
	to := reflect.New(v.Type().Elem())
	to.Elem().Set(clone(v.Elem()))
	return to
}

func cloneSlice(v reflect.Value) reflect.Value {
	if v.IsNil() {
		return v
	}
	to := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	for i := range v.Len() {
		to.Index(i).Set(clone(v.Index(i)))
	}
	return to
}

func cloneMap(v reflect.Value) reflect.Value {
	if v.IsNil() {
		return v
	}
	to := reflect.MakeMapWithSize(v.Type(), v.Len())
	for each := v.MapRange(); each.Next(); {
		to.SetMapIndex(each.Key(), each.Value())
	}
	return to
}

func cloneStruct(v reflect.Value) reflect.Value {
	to := reflect.New(v.Type()).Elem()
	to.Set(v) // the unexported fields, which are values
	for i := range v.NumField() {
		if to.Field(i).CanSet() {
			to.Field(i).Set(clone(v.Field(i)))
		}
	}
	return to
}
