import strawberry


@strawberry.type(description="x")
class Mutation:
    @strawberry.field(description="x")
    def x(self) -> int:
        return 1
