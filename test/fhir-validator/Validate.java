import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;

/** Validates files against the definitions of FHIR R4 and prints each message: file, severity, place and text, with tabs between. */
public class Validate {
  public static void main(String[] files) throws Exception {
    FhirContext context = FhirContext.forR4();
    ValidationSupportChain definitions = new ValidationSupportChain(
        new DefaultProfileValidationSupport(context),
        new CommonCodeSystemsTerminologyService(context),
        new InMemoryTerminologyServerValidationSupport(context));
    FhirValidator validator = context.newValidator().registerValidatorModule(new FhirInstanceValidator(definitions));
    for (String file : files) {
      String text = Files.readString(Path.of(file), StandardCharsets.UTF_8);
      for (SingleValidationMessage one : validator.validateWithResult(text).getMessages()) {
        System.out.println(String.join("\t", file, one.getSeverity().getCode(), one.getLocationString(), one.getMessage().replaceAll("\\s", " ")));
      }
      System.out.println(file + "\tdone");
    }
  }
}
