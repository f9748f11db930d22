package screen

import "fmt"

// The names of the intents: everything that a person can do on a page.
const (
	Login            = "login"
	SignUp           = "signup"
	Logout           = "logout"
	LogoutEverywhere = "logout-everywhere"
	Publish          = "publish"
	Delete           = "delete"
	Revoke           = "revoke"
	ChangePassword   = "change-password"
)

// fieldsOf lists the fields of each intent. What is not listed does not exist.
var fieldsOf = map[string][]string{
	Login:            {"email", "password", keptUser, keptTitle, keptBody},
	SignUp:           {"name", "email", "password"},
	Logout:           {},
	LogoutEverywhere: {},
	Publish:          {"title", "body", "user"},
	Delete:           {"post"},
	Revoke:           {"session"},
	ChangePassword:   {"current", "new"},
}

// The fields of a login that hold a post which could not be published because the session was over, and whose it is.
const (
	keptUser  = "kept-user"
	keptTitle = "kept-title"
	keptBody  = "kept-body"
)

// Intent is something that a person asked for on a page. Make one with [ParseIntent].
type Intent struct {
	name   string
	fields map[string]string
}

// Name returns the intent's name, one of the constants.
func (i Intent) Name() string { return i.name }

func (i Intent) field(name string) string { return i.fields[name] }

// kept returns the post of the intent: the one to publish, or the one that the login form held.
func (i Intent) kept() Kept {
	if i.name == Publish {
		return Kept{i.field("user"), i.field("title"), i.field("body")}
	}
	return Kept{i.field(keptUser), i.field(keptTitle), i.field(keptBody)}
}

// ParseIntent makes the intent of the name, asking get for each of its fields. It fails where there is no intent of
// that name.
func ParseIntent(name string, get func(field string) string) (Intent, error) {
	fields, ok := fieldsOf[name]
	if !ok {
		return Intent{}, fmt.Errorf("there is no intent %.40q", name)
	}
	i := Intent{name: name, fields: make(map[string]string, len(fields))}
	for _, f := range fields {
		i.fields[f] = get(f)
	}
	return i, nil
}
