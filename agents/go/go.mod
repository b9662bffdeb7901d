module github.com/everflame/everflame/agents/go

go 1.25.0
